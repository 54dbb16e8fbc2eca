// Unfold measures its tabs before the page has its width: on a slow machine all of them end
// behind the button for what does not fit. Each "resize" lets it take one back, or put one away.
window.addEventListener("load", () => {
  const hidden = document.getElementById("tabs-dropdown")?.childElementCount ?? 0;
  const measure = () => window.dispatchEvent(new Event("resize"));
  for (let count = 0; count < hidden; count++) measure();
  const tabs = document.getElementById("tabs-wrapper");
  if (hidden && tabs.scrollWidth > document.getElementById("content").offsetWidth) measure();
});

// Fields in rows of tables, and those of Select2, are named for who cannot see what they stand under.
const nameFields = () => {
  const name = (field, title) => title && field.setAttribute("aria-label", title.textContent.trim());
  for (const field of document.querySelectorAll("td input:not([type=hidden]), td select, td textarea")) {
    const cell = field.closest("td"), heads = cell.closest("table").tHead?.rows[0]?.cells;
    if (!field.labels?.length) name(field, heads?.[cell.cellIndex]);
  }
  const chosen = ".select2-selection--single, .select2-selection--single [role=textbox]";
  for (const field of document.querySelectorAll(`.select2-search__field, ${chosen}`)) {
    name(field, field.closest(".select2")?.parentElement.querySelector("select")?.labels[0]);
    field.closest("ul")?.setAttribute("role", "presentation");
  }
};
window.addEventListener("load", () => {
  nameFields();
  // Select2 may come later, and rows are added.
  new MutationObserver(nameFields).observe(document.body, { childList: true, subtree: true });
});
