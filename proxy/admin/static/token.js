/* Asks for the admin token, once for a tab; what is typed stays in `api.js`. */

import { keepToken } from "./api.js";
import { at, el } from "./dom.js";

let asking = null;

/** Ask for the token; gives whether one was entered. Whoever asks meanwhile waits for the same answer. */
export function askToken(why) {
  asking ??= open(why).finally(() => {
    asking = null;
  });
  return asking;
}

function open(why) {
  const dialog = at("token");
  const input = el("input", { type: "password", id: "token-text", autocomplete: "off", required: true, spellcheck: "false", "aria-describedby": "token-hint" });
  const form = el(
    "form",
    { method: "dialog" },
    el("h2", { id: "token-title", text: "Admin token" }),
    el("p", { text: why }),
    el("label", { for: "token-text", text: "Token" }),
    input,
    el("p", { class: "hint", id: "token-hint", text: "It stands in the file that server.admin_token_file names. It is kept in this tab until the tab is closed." }),
    el(
      "div",
      { class: "buttons" },
      el("button", { type: "button", class: "plain", text: "Cancel", on: { click: () => dialog.close("") } }),
      el("button", { type: "submit", class: "main", value: "given", text: "Use token" }),
    ),
  );
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  input.focus();
  return new Promise((done) => {
    dialog.addEventListener(
      "close",
      () => {
        const given = dialog.returnValue === "given" && input.value.trim() !== "";
        if (given) keepToken(input.value);
        dialog.replaceChildren();
        done(given);
      },
      { once: true },
    );
  });
}
