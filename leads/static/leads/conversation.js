// What is said meanwhile appears by itself; what is being typed stays.
document.addEventListener("DOMContentLoaded", () => {
  const EVERY = 3000;
  const thread = document.getElementById("thread");
  if (!thread) return;
  let version = "";
  const list = () => thread.querySelector(".conversation-messages");
  const toEnd = () => { list().scrollTop = list().scrollHeight; };

  async function look() {
    const query = new URLSearchParams(thread.dataset.query);
    query.set("version", version);
    const answer = await fetch(`${thread.dataset.address}?${query}`);
    if (answer.status !== 200 || answer.redirected) return;
    const { scrollTop, scrollHeight, clientHeight } = list();
    const wasAtEnd = scrollHeight - scrollTop - clientHeight < 40;
    // Nothing is replaced under the finger of who is about to press a button.
    if (thread.contains(document.activeElement)) return;
    version = answer.headers.get("X-Version");
    thread.innerHTML = await answer.text();
    if (wasAtEnd) toEnd();
    else list().scrollTop = scrollTop;
  }

  toEnd();
  setInterval(() => { if (!document.hidden) look().catch(() => {}); }, EVERY);
});
