/* The switch of a site or of all: what it is, what turning it would do, and turning it. */

import { change, hasToken, keepToken, Refusal } from "./api.js";
import { at, el, mark, say } from "./dom.js";
import { icon } from "./icons.js";
import { announce } from "./news.js";
import { askToken } from "./token.js";
import { breaking, reasons } from "./trust.js";
import { count, listing } from "./words.js";

/** Make the button that shows a switch and opens its dialog. */
export function switchButton(open) {
  const cells = el("span", { class: "cells", "aria-hidden": "true" }, el("span", { text: "0" }), el("span", { text: "1" }));
  return el("button", { type: "button", class: "switch", "aria-haspopup": "dialog", on: { click: open } }, cells);
}

/** Show the switch's value on its button. */
export function updateSwitch(button, name, { allow_internal_untrusted_certs: value, run_time: isRunTime }) {
  mark(button, "data-value", value);
  mark(button, "data-run-time", Boolean(isRunTime));
  const meaning = value ? "untrusted servers are used" : "untrusted servers are refused";
  mark(button, "aria-label", `${name}: the switch is ${value}, ${meaning}. Change…`);
  mark(button, "title", `AllowInternalUntrustedCerts = ${value}: ${meaning}`);
}

/** Open the dialog for a site, or for all when `name` is null. */
export function openSwitch(world, name) {
  const now = name === null ? world.trust.default : world.sites.find((site) => site.name === name).policy;
  const dialog = at("switch");
  const whom = name ?? "all sites";
  const effect = el("div", { class: "effect", "aria-live": "polite" });
  const fault = el("p", { class: "fault", role: "alert" });
  const submit = el("button", { type: "submit", class: "main" });
  const choices = choicesOf(now, name, world);
  const form = el(
    "form",
    { method: "dialog" },
    el("h2", { id: "switch-title" }, "Switch of ", el("bdi", { text: whom })),
    el("p", { class: "quiet", text: "AllowInternalUntrustedCerts: whether servers are used although their certificates are not trusted." }),
    el("fieldset", {}, el("legend", { class: "unseen", text: "Value" }), choices.map((each) => choiceNode(each))),
    effect,
    el("p", { class: "hint", text: "In force at once on every worker; connections made under the old policy are closed. It lasts until the proxy is started anew: to keep it, write it into the settings." }),
    fault,
    el("div", { class: "buttons" }, el("button", { type: "button", class: "plain", text: "Cancel", on: { click: () => dialog.close() } }), submit),
  );
  const show = () => {
    const chosen = choices[Number(new FormData(form).get("value"))];
    effect.replaceChildren(...effectOf(world, name, chosen));
    say(submit, chosen.value === null ? `Take ${whom} back` : `Turn ${whom} to ${chosen.value}`);
    submit.disabled = !world.status?.may_change || chosen.isNow;
  };
  form.addEventListener("change", show);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    say(fault, "");
    const chosen = choices[Number(new FormData(form).get("value"))];
    const { refusal, news } = await turn(world, name, chosen.value);
    submit.disabled = false;
    if (refusal) say(fault, refusal);
    else {
      dialog.close();
      announce(news); // after the dialog: while it is open, what is beside it is not read out
    }
  });
  dialog.replaceChildren(form);
  if (!world.status?.may_change) say(fault, "This proxy has no admin token, so nothing can be changed here. Set server.admin_token_file, or use the settings.");
  show();
  dialog.showModal();
}

function choicesOf(now, name, world) {
  const sources = name === null ? [world.trust.default, ...world.trust.sites] : [now];
  const values = name === null ? [now, ...world.sites.map((site) => site.policy)] : [now];
  const isAll = (value) => values.every((each) => each.allow_internal_untrusted_certs === value);
  const list = [
    { value: 0, isNow: isAll(0), title: "0: refuse", text: "Nothing is sent to a server whose certificate is not trusted; event 43 says why." },
    { value: 1, isNow: isAll(1), title: "1: use all the same", text: "As Exchange 2010 does unless told otherwise; event 1043 tells of it." },
  ];
  if (sources.some((each) => each.run_time)) list.push({ value: null, isNow: false, title: "As the settings say", text: "Takes back what was turned at run time." });
  const first = list.findIndex((each) => !each.isNow);
  return list.map((each, place) => ({ ...each, place, isChosen: place === first }));
}

function choiceNode({ place, isNow, isChosen, title, text }) {
  const input = el("input", { type: "radio", name: "value", value: place, id: `value-${place}`, checked: isChosen, autofocus: isChosen });
  const label = el("label", { for: `value-${place}` }, el("strong", { text: title }), isNow ? el("em", { text: "now" }) : null, el("span", { text }));
  return el("div", { class: "choice" }, input, label);
}

function effectOf(world, name, { value, isNow }) {
  const mine = world.standings.filter((each) => name === null || each.site.name === name);
  const { broken, unknown, lost } = breaking(mine);
  if (isNow) return [el("p", { text: "That is how it stands." })];
  if (value === null) return [el("p", { text: "The switch falls back to what the settings say." })];
  if (value === 1) return broken.length ? [told("allowed", `${count(broken.length, "server")} would be used although untrusted:`), listOf(broken)] : [told("trusted", "All known servers are trusted; at 1 they would no longer have to be.")];
  const fresh = broken.filter((each) => each.kind === "allowed");
  const parts = [];
  if (fresh.length) parts.push(told("refused", `${count(fresh.length, "server")} would be refused:`), listOf(fresh));
  if (fresh.length && lost.length) parts.push(el("p", { text: `No trusted server would be left for ${listing(lost)}: users would get an error page.` }));
  if (unknown.length) parts.push(told("unknown", `Nothing is known of ${unknown.map((each) => each.server).join(", ")}.`));
  return parts.length ? parts : [told("trusted", "Nothing breaks: no server in use would be refused.")];
}

function told(kind, text) {
  return el("p", { class: "told" }, icon(kind), el("span", { text }));
}

function listOf(standings) {
  return el("ul", {}, standings.slice(0, 12).map((each) => el("li", {}, el("bdi", { class: "server", text: each.server }), ` ${reasons(each.look.verdict)}`)), standings.length > 12 ? el("li", { text: `and ${standings.length - 12} more` }) : null);
}

/** Turn the switch; gives `news` when done, else `refusal`. */
async function turn(world, name, value) {
  let why = "Changing something takes the admin token.";
  for (;;) {
    if (!hasToken() && !(await askToken(why))) return { refusal: "Nothing was changed: no token was entered." };
    try {
      const done = await change("/api/trust", { site: name, allow_internal_untrusted_certs: value });
      const closed = done.connections_closed ? ` ${count(done.connections_closed, "connection")} closed.` : "";
      await world.refresh();
      return { news: `${done.changes.map(changeWords).join(", ") || "Nothing was to be changed"}.${closed}` };
    } catch (error) {
      if (!(error instanceof Refusal)) return { refusal: "The proxy does not answer." };
      if (error.status !== 401) return { refusal: `${error.message} ${error.cure}`.trim() };
      keepToken("");
      why = "That token was not accepted.";
    }
  }
}

function changeWords({ site, before, after }) {
  return `${site ?? "Default"}: ${before} → ${after}`;
}
