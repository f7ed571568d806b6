/* Copies text, also where the page is not served securely and the browser withholds its clipboard. */

import { el, say } from "./dom.js";

const SHOWN = 2000;

/** Make a button that copies what `fetchText` gives and says how that went. */
export function copyButton(label, fetchText) {
  const button = el("button", { type: "button", class: "plain", text: label });
  button.addEventListener("click", async () => {
    let word = "Copied";
    try {
      await copy(await fetchText(), button);
    } catch {
      word = "Could not copy";
    }
    say(button, word);
    setTimeout(() => say(button, label), SHOWN);
  });
  return button;
}

async function copy(text, near) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = el("textarea", { class: "unseen", readonly: true });
  area.value = text;
  near.after(area); // inside the dialog: what is outside of it cannot be selected
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  near.focus();
  if (!isDone) throw new Error("the browser does not copy");
}
