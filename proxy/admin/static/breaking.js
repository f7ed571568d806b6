/* What the switch at 0 would break: the servers, why, and what mends each. */

import { at, el, keyed, say } from "./dom.js";
import { icon } from "./icons.js";
import { openChain } from "./chain.js";
import { openSwitch } from "./switching.js";
import { breaking, reasons } from "./trust.js";
import { count, listing } from "./words.js";

/** Keep the list true. */
export function showBreaking(world) {
  const lead = el("p", { class: "lead" });
  const list = el("ul", { class: "broken" });
  const turn = el("button", { type: "button", class: "plain", text: "Turn all sites to 0…", "aria-haspopup": "dialog", on: { click: () => openSwitch(world, null) } });
  at("breaking-body").append(lead, list, turn);
  world.on("facts", () => {
    const found = breaking(world.standings);
    const isOpen = world.standings.some((each) => each.kind !== "redirect" && each.policy === "allow");
    say(lead, world.status ? sentence(found, world.standings) : "");
    keyed(list, found.broken, (each) => each.key, (each) => node(world, each), draw);
    turn.hidden = found.broken.length > 0 || found.unknown.length > 0 || !isOpen || !world.trust;
  });
}

function sentence({ broken, unknown, lost }, standings) {
  const rest = unknown.length ? ` Of ${count(unknown.length, "server")} nothing is known yet.` : "";
  if (!broken.length) return `Nothing${unknown.length ? " that is known" : ""}: no server would be refused.${rest}`;
  const already = broken.filter((each) => each.kind === "refused").length;
  const today = already === broken.length ? "Nothing more: what would be refused is refused today." : `${count(broken.length, "server")} would be refused${already ? `, ${already} of them ${already === 1 ? "is" : "are"} today` : ""}.`;
  const proxied = new Set(standings.filter((each) => each.kind !== "redirect").map((each) => each.site.name)).size;
  const users = lost.length ? ` ${lost.length === proxied ? "No site" : listing(lost)} would have ${lost.length === proxied ? "a" : "no"} trusted server left.` : " Every site would keep a trusted one.";
  return today + users + rest;
}

function node(world, standing) {
  const button = el("button", { type: "button", class: "row", "aria-haspopup": "dialog", on: { click: () => openChain(world, standing.key) } }, icon(standing.kind), el("bdi", { class: "server", text: standing.server }), el("span", { class: "why" }), el("span", { class: "quiet site", text: standing.site.name }));
  return el("li", {}, button, el("p", { class: "cure" }));
}

function draw(item, standing) {
  const { verdict } = standing.look;
  const sign = item.querySelector(".icon");
  if (!sign.classList.contains(standing.kind)) sign.replaceWith(icon(standing.kind));
  say(item.querySelector(".why"), reasons(verdict));
  say(item.querySelector(".site"), `${standing.site.name}${standing.kind === "refused" ? ", refused today" : ""}`);
  say(item.querySelector(".cure"), verdict.findings[0]?.cure ?? verdict.text);
}
