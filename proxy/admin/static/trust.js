/* Joins what the API tells of sites, servers, verdicts and health into the standing of each server. Pure. */

import { reasonWords } from "./words.js";

/** Policy × verdict, worst first: what a line of the map means. */
export const KINDS = ["refused", "allowed", "plain", "unknown", "redirect", "trusted"];

export const MEANING = {
  refused: "refused",
  allowed: "used although untrusted",
  plain: "never used",
  unknown: "not known yet",
  redirect: "browser is sent there",
  trusted: "trusted",
};

/** Days from which the end of a certificate deserves attention; the proxy's own warning comes at the same time. */
export const SOON = 21;

const keyOf = (site, server) => `${site}\n${server}`;

/** Tell whether a site's browsers are sent elsewhere instead of being proxied. */
export const isRedirected = (site) => Boolean(site.external_url) && Boolean(site.redirect);

/** Give one standing for each server of each site that is proxied, and one for each site that is redirected. */
export function standings({ sites, servers, verdicts }) {
  const looks = new Map(verdicts.map((each) => [keyOf(each.site, each.server), each]));
  const facts = new Map(servers.map((each) => [keyOf(each.site, each.server), each]));
  return sites.flatMap((site) => {
    if (isRedirected(site)) return [redirected(site)];
    return site.servers.map((server) => {
      const key = keyOf(site.name, server);
      return standing(site, server, looks.get(key) ?? null, facts.get(key) ?? null);
    });
  });
}

function redirected(site) {
  const key = keyOf(site.name, "");
  return { key, site, server: site.external_url, kind: "redirect", policy: site.policy.name, detail: "", look: null, facts: null };
}

function standing(site, server, look, facts) {
  const policy = site.policy.allow_internal_untrusted_certs ? "allow" : "enforce";
  const [kind, detail] = judge(policy, look, facts);
  return { key: keyOf(site.name, server), site, server, kind, policy, detail, look, facts };
}

function judge(policy, look, facts) {
  if (facts?.url?.toLowerCase().startsWith("http://")) return ["plain", "its InternalURL is http (event 42)"];
  const verdict = look?.verdict ?? null;
  const stale = look?.fault && verdict ? `; last look: ${look.fault}` : "";
  if (verdict === null) return ["unknown", look?.fault || "not looked at yet"];
  if (verdict.trusted) return ["trusted", stale.slice(2)];
  return [policy === "allow" ? "allowed" : "refused", reasons(verdict) + stale];
}

/** List the reasons against a server in words, the deciding one first. */
export function reasons(verdict) {
  const words = verdict.findings.map((each) => reasonWords(each.reason));
  return [...new Set(words.length ? words : [reasonWords(verdict.reason)])].join(", ");
}

/** Count standings by kind. */
export function tally(list) {
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
  for (const each of list) counts[each.kind] += 1;
  return counts;
}

/**
 * Tell what the switch at 0 would refuse among these standings. `broken`: servers that would be refused, the `lost`
 * sites those of which no trusted server would be left, `unknown`: servers nothing can be said of.
 */
export function breaking(list) {
  const proxied = list.filter((each) => each.kind !== "redirect");
  const broken = proxied.filter((each) => each.kind === "allowed" || each.kind === "refused");
  const unknown = proxied.filter((each) => each.kind === "unknown");
  const lost = [...new Set(broken.map((each) => each.site.name))].filter((name) =>
    proxied.every((each) => each.site.name !== name || broken.includes(each) || each.kind === "plain"),
  );
  return { broken, unknown, lost };
}

/** List the certificate of each server with the days that it, or an issuer of it, has left; the first to end first. */
export function certificates(list) {
  const rows = list.flatMap((standing) => {
    const verdict = standing.look?.verdict;
    const leaf = verdict?.presented?.[0];
    if (!leaf) return [];
    const upward = verdict.path.slice(1).map((link) => factsOf(link, verdict)).filter((each) => each?.days_left != null);
    const first = upward.reduce((least, each) => (least === null || each.days_left < least.days_left ? each : least), null);
    const earlier = first && leaf.days_left !== null && first.days_left < leaf.days_left ? first : null;
    return [{ standing, leaf, earlier, days: earlier ? earlier.days_left : leaf.days_left }];
  });
  return rows.sort((a, b) => (a.days ?? -Infinity) - (b.days ?? -Infinity) || a.standing.key.localeCompare(b.standing.key));
}

/** Give what is known of the certificate that a link of the path stands for; null when it is absent. */
export function factsOf(link, verdict) {
  return link.position === null ? link.certificate : (verdict.presented[link.position] ?? null);
}

/** File an event record: what its mark on the timeline is. */
export function kindOf(record) {
  const code = record["event.code"];
  if (code === "43" || code === "26") return "refused";
  if (code === "1043") return "allowed";
  const types = record["event.type"] ?? [];
  if (types.includes("change") && (record["event.category"] ?? []).includes("configuration")) return "change";
  return { error: "error", warning: "warning" }[record["log.level"]] ?? "info";
}

/** Kinds of event marks, the gravest first: which one stands for several. */
export const GRAVITY = ["refused", "error", "allowed", "change", "warning", "info"];
