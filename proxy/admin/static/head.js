/* The head of the page: who this is, how it is, what deserves a word, and the one sentence that sums up trust. */

import { hasToken, keepToken } from "./api.js";
import { at, el, keyed, mark, say } from "./dom.js";
import { icon } from "./icons.js";
import { askToken } from "./token.js";
import { tally } from "./trust.js";
import { clock, count, span, toDate } from "./words.js";

/** Keep the head true to the world. */
export function showHead(world) {
  const key = at("key");
  key.addEventListener("click", async () => {
    if (world.stream === "locked") {
      if (await askToken("Reading takes the admin token here.")) world.unlock();
    } else {
      keepToken("");
      world.refresh();
    }
    draw(world);
  });
  world.on("facts", () => draw(world));
}

function draw(world) {
  const { status } = world;
  say(at("name"), status?.name ?? "");
  document.title = status ? `${status.name} · casproxy` : "casproxy";
  drawFacts(world);
  drawKey(world);
  const sentence = summarise(world);
  const title = at("summary");
  if (title.textContent !== sentence.map((part) => part.text ?? part).join("")) {
    title.replaceChildren(...sentence.map((part) => (part.text ? el("span", { class: part.kind, text: part.text }) : part)));
  }
  keyed(at("notices"), notices(world), (each) => each.join(), ([kind, text]) => el("li", { class: `notice ${kind}` }, icon(kind), el("span", { text })));
  say(at("build"), status ? `casproxy ${status.version} · ${status.transports} · settings ${status.config.file || "without a file"}` : "");
}

function drawFacts(world) {
  const { status, stream, trouble } = world;
  const facts = [];
  const isLost = stream === "locked" || trouble !== "";
  if (isLost || !status) facts.push(["state", isLost ? "off" : "", stream === "locked" ? "locked" : trouble ? "no answer" : "asking"]);
  else facts.push(["state", status.ready ? "on" : "off", status.draining ? "draining" : status.ready ? "ready" : "not ready"]);
  if (status) {
    const browsers = status.workers.reduce((sum, each) => sum + each.connections, 0);
    facts.push(["since", "", `up ${span((world.now() - toDate(status.started_at)) / 1000)}`]);
    facts.push(["workers", "", count(status.workers.length, "worker")]);
    facts.push(["browsers", "", count(browsers, "connection")]);
  }
  keyed(
    at("facts"),
    facts,
    ([name]) => name,
    () => el("li"),
    (node, [name, kind, text]) => {
      say(node, text);
      mark(node, "class", name === "state" ? `state ${kind}` : null);
    },
  );
}

function drawKey({ stream }) {
  const key = at("key");
  key.hidden = stream !== "locked" && !hasToken();
  say(key, stream === "locked" ? "Enter token…" : "Forget token");
}

function summarise({ standings, stream, trouble, status }) {
  if (stream === "locked") return ["This proxy tells nothing without its admin token."];
  if (!status) return [trouble || "Asking…"];
  if (!standings.length) return ["This proxy has no sites."];
  const counts = tally(standings);
  const all = standings.length - counts.redirect;
  if (!all) return ["Every site is elsewhere: browsers are redirected, nothing is proxied."];
  if (counts.trusted === all) return [{ kind: "trusted", text: all === 1 ? "The one server is trusted." : `All ${all} servers are trusted.` }];
  const parts = [
    [counts.trusted, "trusted", `${counts.trusted} of ${all} servers ${counts.trusted === 1 ? "is" : "are"} trusted`],
    [counts.allowed, "allowed", `${counts.allowed}\u00a0${counts.allowed === 1 ? "is" : "are"} used although untrusted`],
    [counts.refused, "refused", `${counts.refused}\u00a0${counts.refused === 1 ? "is" : "are"} refused`],
    [counts.plain, "refused", `${counts.plain}\u00a0cannot be used over http`],
    [counts.unknown, "unknown", `${counts.unknown}\u00a0${counts.unknown === 1 ? "is" : "are"} not known yet`],
  ];
  const told = parts.filter(([number, kind]) => number || kind === "trusted");
  const between = (place) => (place === 0 ? "" : place === told.length - 1 ? " and " : ", ");
  return [...told.flatMap(([, kind, text], place) => [between(place), { kind, text }]), "."].filter(Boolean);
}

function notices({ status, trouble, standings }) {
  const list = [];
  if (trouble && status) list.push(["error", `${trouble} What is shown is what was last known.`]);
  if (status?.config.last_reload && !status.config.last_reload.ok) {
    list.push(["error", `The reload at ${clock(status.config.last_reload.at)} was refused: ${status.config.last_reload.sentence}`]);
  }
  for (const sink of status?.sinks ?? []) {
    if (sink.lost) list.push(["warning", `${count(sink.lost, "record")} did not get to ${sink.name}.`]);
  }
  const down = standings.filter((each) => each.facts?.health.state === "down");
  if (down.length) list.push(["warning", `Out of use because of failures: ${down.map((each) => each.server).join(", ")}.`]);
  return list;
}
