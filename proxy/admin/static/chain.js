/* The chain of a server, drawn: what it presented, where the way to a trust anchor breaks, and what to do. */

import { at, el } from "./dom.js";
import { icon } from "./icons.js";
import { copyButton } from "./copy.js";
import { MEANING, SOON, factsOf } from "./trust.js";
import { clock, commonName, day, daysLeft, full, reasonWords } from "./words.js";

const WHENCE = { presented: "sent by the server", store: "in our trust store", absent: "neither sent nor in our trust store" };
const ABSENT = new Set(["missing_intermediate", "unknown_issuer", "private_ca", "trusted_intermediate_only"]);
/* Reasons that are about the certificate that is not there. */

/** Open the drawing for the standing with this key. */
export function openChain(world, key) {
  const standing = world.standings.find((each) => each.key === key);
  if (!standing) return;
  const dialog = at("chain");
  const close = el("button", { type: "button", class: "close", "aria-label": "Close", text: "×", on: { click: () => dialog.close() } });
  dialog.replaceChildren(close, ...content(standing).filter(Boolean));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function content(standing) {
  const { look, facts, kind, site } = standing;
  const verdict = look?.verdict ?? null;
  const head = el("h2", { id: "chain-title" }, el("bdi", { class: "server", text: standing.server }));
  const state = el("p", { class: `verdict ${kind}` }, icon(kind), el("span", { text: verdictWords(standing) }));
  const where = [`Site ${site.name}`, look?.dialled ? `dialled ${look.dialled}` : "", look?.tls_version ?? "", look?.looked_at ? `looked at ${clock(look.looked_at)}` : ""];
  const parts = [head, state, el("p", { class: "quiet", text: where.filter(Boolean).join(" · ") })];
  if (look?.fault) parts.push(el("p", { class: "fault", text: `The last look found nothing out: ${look.fault}` }));
  if (facts?.health.why && facts.health.state !== "up") parts.push(el("p", { class: "fault", text: `Health: ${facts.health.why}` }));
  if (verdict === null) return [...parts, el("p", { class: "lead", text: standing.detail })];
  return [...parts, findings(verdict), drawing(verdict), spare(verdict), remarks(verdict), foot(verdict, look)];
}

function verdictWords({ kind, policy, detail, look }) {
  const meaning = { allowed: "Not trusted, and used all the same because the switch is 1", refused: "Not trusted, and refused because the switch is 0", trusted: policy === "allow" ? "Trusted, although the switch at 1 does not demand it" : "Trusted" }[kind];
  const code = look?.verdict?.code ? ` (OpenSSL ${look.verdict.code}: ${look.verdict.text})` : "";
  return meaning ? meaning + code : `${MEANING[kind]}: ${detail}`;
}

function findings(verdict) {
  const items = verdict.findings.map((each, place) => el("li", {}, el("p", {}, el("strong", { text: `${place ? "Also" : "Because"} ` }), each.sentence), el("p", { class: "cure" }, el("strong", { text: "Cure " }), each.cure)));
  return el("ol", { class: "findings" }, items);
}

function drawing(verdict) {
  if (!verdict.path.length) return el("p", { class: "lead", text: "The certificates of the server could not be fetched." });
  const items = verdict.path.map((link, place) => linkNode(verdict, link, place));
  return el("ol", { class: "chain", "aria-label": "Chain, the server’s own certificate first" }, items);
}

function linkNode(verdict, link, place) {
  const facts = factsOf(link, verdict);
  const isLast = place === verdict.path.length - 1;
  const isAbsent = facts === null;
  const against = verdict.findings.filter((each) => (ABSENT.has(each.reason) && verdict.path.some((one) => one.whence === "absent") ? isAbsent : link.position !== null && each.position === link.position));
  const role = place === 0 ? "Server" : isAbsent ? "Missing" : isLast && facts.subject === facts.issuer ? "Root" : "Issuer";
  const state = against.length ? "bad" : isAbsent ? "absent" : link.anchor ? "anchor" : "fine";
  return el(
    "li",
    { class: `link ${state}`, data: { signed: String(link.signed) } },
    el("p", { class: "role", text: role }),
    el("h3", {}, el("bdi", { text: commonName(link.subject) || (facts?.fault ? "unreadable certificate" : "no subject") })),
    el("p", { class: "quiet", text: link.anchor ? `trust anchor, from ${link.anchor}` : WHENCE[link.whence] }),
    against.map((each) => el("p", { class: "against" }, icon("refused"), el("span", { text: reasonWords(each.reason) }))),
    facts ? validity(facts) : null,
    facts ? details(facts) : null,
    isLast ? null : el("p", { class: "bond", text: bond(link) }),
  );
}

function bond({ signed }) {
  if (signed === false) return "says it was issued by the next, but the signature does not verify";
  return signed === null ? "says it was issued by" : "issued by";
}

function validity({ not_before: first, not_after: last, days_left: days }) {
  if (!first || !last) return null;
  const [begin, end, now] = [Date.parse(first), Date.parse(last), Date.now()];
  const urgency = days < 0 || begin > now ? "over" : days < SOON ? "soon" : "fine";
  const words = begin > now ? `not valid before ${day(first)}` : daysLeft(days);
  const fill = el("span");
  fill.style.inlineSize = `${Math.max(0, Math.min(100, (100 * (now - begin)) / (end - begin || 1)))}%`;
  return el("div", { class: "validity", data: { urgency } }, el("span", { text: day(first) }), el("span", { class: "bar", "aria-hidden": "true" }, fill), el("span", { text: day(last) }), el("strong", { text: words }));
}

function details(facts) {
  const names = facts.names.length ? facts.names.slice(0, 20).join(", ") + (facts.name_count > 20 ? ` and ${facts.name_count - 20} more` : "") : "";
  const rows = [
    ["unreadable", facts.fault], ["subject", facts.subject], ["issuer", facts.subject === facts.issuer ? "itself" : facts.issuer], ["names", names],
    ["key", [facts.key, facts.signature && `signed ${facts.signature}`].filter(Boolean).join(", ")], ["use", facts.usages.join(", ")],
    ["valid", facts.not_before ? `${full(facts.not_before)} – ${full(facts.not_after)}` : ""], ["serial", facts.serial], ["SHA-256", facts.sha256], ["pin", facts.spki_sha256],
  ];
  const list = rows.filter(([, text]) => text).flatMap(([name, text]) => [el("dt", { text: name }), el("dd", {}, el("bdi", { text }))]);
  return el("details", {}, el("summary", { text: "Details" }), el("dl", {}, list));
}

function spare(verdict) {
  const used = new Set(verdict.path.map((link) => link.position));
  const others = verdict.presented.filter((_facts, place) => !used.has(place));
  if (!others.length || !verdict.path.length) return null;
  return el("div", { class: "spare" }, el("h3", { text: "Also sent, not needed" }), el("ul", {}, others.slice(0, 10).map((facts) => el("li", {}, el("bdi", { text: commonName(facts.subject) || facts.fault }), ` · ${daysLeft(facts.days_left)}`))));
}

function remarks(verdict) {
  const notes = [...verdict.notes];
  if (verdict.resembles) notes.unshift(`This is the certificate of site ${verdict.resembles}: is the address right?`);
  return notes.length ? el("ul", { class: "remarks" }, notes.map((text) => el("li", { text }))) : null;
}

function foot(verdict, look) {
  return el("div", { class: "buttons" }, el("p", { class: "quiet", text: `Trust store: ${verdict.store || "unknown"}` }), copyButton("Copy as JSON", async () => JSON.stringify(look, null, 2)));
}
