/* Reads the notification long poll and shows what is new. Asks anew when it ends; waits longer after each failure. */
"use strict";
(() => {
  const body = document.body;
  const news = document.getElementById("news");
  const piece = /<script type="application\/json">(.*?)<\/script>/g;

  const show = (message) => {
    body.dataset.notified = message.kind;
    if (message.kind !== "newMail") return;
    news.textContent = `New message from ${message.from}: ${message.subject}`;
    news.hidden = false;
    const count = document.querySelector('.count[data-folder="inbox"]');
    if (count) count.textContent = String(Number(count.textContent) + 1);
  };

  const listen = async () => {
    const answer = await fetch(body.dataset.notify, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      let end = 0;
      for (const match of text.matchAll(piece)) {
        show(JSON.parse(match[1]));
        end = match.index + match[0].length;
      }
      text = text.slice(end);
    }
  };

  const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  (async () => {
    let pause = 1;
    for (;;) {
      try {
        await listen();
        pause = 1;
      } catch {
        pause = Math.min(pause * 2, 60);
      }
      await wait(pause);
    }
  })();
})();
