/* The servers' certificates by the days they have left; the chain of each is a press away. */

import { at, el, keyed, mark, say } from "./dom.js";
import { openChain } from "./chain.js";
import { certificates, SOON } from "./trust.js";
import { commonName, daysLeft } from "./words.js";

const FULL = 398;
/* Days that fill the bar: the longest that public authorities have issued for in recent years. */

/** Keep the list true. */
export function showCertificates(world) {
  const list = el("ul", { class: "ends" });
  const none = el("p", { class: "lead", text: "No certificate has been seen yet." });
  at("certificates-body").append(none, list);
  world.on("facts", () => {
    const rows = certificates(world.standings);
    none.hidden = rows.length > 0;
    keyed(list, rows, (row) => row.standing.key, (row) => node(world, row), draw);
  });
}

function node(world, { standing }) {
  const bar = el("span", { class: "bar", "aria-hidden": "true" }, el("span"));
  const button = el(
    "button",
    { type: "button", class: "row", "aria-haspopup": "dialog", on: { click: () => openChain(world, standing.key) } },
    el("span", { class: "left" }),
    bar,
    el("bdi", { class: "server", text: standing.server }),
    el("span", { class: "quiet issuer" }),
  );
  return el("li", {}, button);
}

function draw(item, { standing, leaf, earlier, days }) {
  const urgency = days === null || days === undefined ? "unknown" : days < 0 ? "over" : days < SOON ? "soon" : "fine";
  mark(item, "data-urgency", urgency);
  say(item.querySelector(".left"), daysLeft(days));
  item.querySelector(".bar > span").style.inlineSize = `${Math.max(2, Math.min(100, (100 * Math.max(0, days ?? 0)) / FULL))}%`;
  const issuer = earlier ? `its issuer ${commonName(earlier.subject)} ends first` : leaf.subject === leaf.issuer ? "issued by itself" : `issued by ${commonName(leaf.issuer)}`;
  say(item.querySelector(".issuer"), `${standing.site.name} · ${issuer}`);
}
