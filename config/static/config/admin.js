// Unfold measures its tabs before the page has its width: on a slow machine all of them end
// behind the button for what does not fit. Each "resize" lets it take one back, or put one away.
window.addEventListener("load", () => {
  const hidden = document.getElementById("tabs-dropdown")?.childElementCount ?? 0;
  const measure = () => window.dispatchEvent(new Event("resize"));
  for (let count = 0; count < hidden; count++) measure();
  const tabs = document.getElementById("tabs-wrapper");
  if (hidden && tabs.scrollWidth > document.getElementById("content").offsetWidth) measure();
});
