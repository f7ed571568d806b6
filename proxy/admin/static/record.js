/* One event with all its details, to read and to copy as JSON or XML. */

import { askText } from "./api.js";
import { copyButton } from "./copy.js";
import { at, el, say } from "./dom.js";
import { icon } from "./icons.js";
import { openChain } from "./chain.js";
import { full } from "./words.js";

const TOLD = new Set(["message", "@timestamp", "casproxy.why", "casproxy.cure", "casproxy.note", "casproxy.chain"]);
/* Fields that stand in words above the table. */

/** Open one or several events; the newest is shown first. */
export function openRecords(world, events) {
  const dialog = at("record");
  const show = (place) => {
    dialog.replaceChildren(...content(world, events, place, show, dialog));
    dialog.scrollTop = 0;
  };
  show(events.length - 1);
  if (!dialog.open) dialog.showModal();
}

function content(world, events, place, show, dialog) {
  const { record, kind, sequence } = events[place];
  const standing = world.standings.find((each) => each.site.name === record["casproxy.site"] && host(each.server) === record["destination.domain"]);
  const chain = standing?.look?.verdict ? el("button", { type: "button", class: "plain", text: "Chain as it is now", on: { click: () => openChain(world, standing.key) } }) : null;
  return [
    el("button", { type: "button", class: "close", "aria-label": "Close", text: "×", on: { click: () => dialog.close() } }),
    el("h2", { id: "record-title" }, icon(kind), ` Event ${record["event.code"]} `, el("span", { class: "quiet", text: record["event.action"] ?? "" })),
    el("p", { class: "quiet", text: `${full(record["@timestamp"])} · ${record["event.provider"] ?? ""}` }),
    el("p", { class: "message", text: record.message ?? "" }),
    ...["note", "why", "cure"].filter((name) => record[`casproxy.${name}`]).map((name) => el("p", { class: name }, el("strong", { text: `${name[0].toUpperCase()}${name.slice(1)} ` }), record[`casproxy.${name}`])),
    record["casproxy.chain"] ? el("ol", { class: "links", "aria-label": "Chain" }, record["casproxy.chain"].map((text) => el("li", {}, el("bdi", { text })))) : null,
    fields(record),
    raw(record, sequence),
    el("div", { class: "buttons" }, pager(events, place, show), chain, copyButton("Copy as JSON", async () => JSON.stringify(record, null, 2)), copyButton("Copy as XML", () => xml(sequence))),
  ].filter(Boolean);
}

const host = (authority) => authority.replace(/:\d+$/, "");
const xml = (sequence) => askText(`/api/events/${sequence}?format=xml`);

function fields(record) {
  const list = Object.entries(record).filter(([name]) => !TOLD.has(name));
  const rows = list.flatMap(([name, value]) => [el("dt", { text: name }), el("dd", {}, el("bdi", { text: Array.isArray(value) ? value.join("\n") : String(value) }))]);
  return el("details", { open: true }, el("summary", { text: "Fields" }), el("dl", {}, rows));
}

function raw(record, sequence) {
  const text = el("pre", { tabindex: "0", text: JSON.stringify(record, null, 2), "aria-label": "Record" });
  const choose = async (button, other, fetchText) => {
    for (const each of [button, other]) each.setAttribute("aria-pressed", String(each === button));
    try {
      say(text, await fetchText());
    } catch (error) {
      say(text, error.message);
    }
  };
  const json = el("button", { type: "button", class: "chip", "aria-pressed": "true", text: "JSON" });
  const event = el("button", { type: "button", class: "chip", "aria-pressed": "false", text: "XML" });
  json.addEventListener("click", () => choose(json, event, async () => JSON.stringify(record, null, 2)));
  event.addEventListener("click", () => choose(event, json, () => xml(sequence)));
  return el("details", {}, el("summary", { text: "As it is logged" }), el("div", { class: "choices", role: "group", "aria-label": "Form" }, json, event), text);
}

function pager(events, place, show) {
  if (events.length < 2) return null;
  const step = (label, to) => el("button", { type: "button", class: "plain", "aria-label": label, disabled: to < 0 || to >= events.length, text: to < place ? "‹" : "›", on: { click: () => show(to) } });
  return el("span", { class: "pager" }, step("Earlier event", place - 1), el("span", { text: `${place + 1} of ${events.length}` }), step("Later event", place + 1));
}
