/* Asks the admin API. The token is kept for this tab only and sent in a header, never in an address. */

const PLACE = "casproxy.admin-token";

/** What the API said no to, in its own words. */
export class Refusal extends Error {
  constructor(status, sentence, cure = "") {
    super(sentence);
    this.status = status;
    this.cure = cure;
  }
}

/** Seconds by which the proxy's clock is ahead of ours. */
export let ahead = 0;

let token = recall();

/** Tell whether there is a token to send. */
export const hasToken = () => token !== "";

/** Keep a token for this tab; an empty one forgets it. */
export function keepToken(text) {
  token = text.trim();
  try {
    if (token) sessionStorage.setItem(PLACE, token);
    else sessionStorage.removeItem(PLACE);
  } catch {
    // Storage may be switched off; the token then lasts as long as the page.
  }
}

function recall() {
  try {
    return sessionStorage.getItem(PLACE) ?? "";
  } catch {
    return "";
  }
}

/** Send a request; gives the response when it is a success. Raises `Refusal`, or TypeError when nobody answers. */
export async function send(path, { method = "GET", body, accept = "application/json", signal } = {}) {
  const headers = { Accept: accept };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  const response = await fetch(path, { method, headers, body: text, signal, cache: "no-store", credentials: "omit" });
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (!Number.isNaN(date)) ahead = Math.abs(date - Date.now()) > 2000 ? (date - Date.now()) / 1000 : 0;
  if (!response.ok) throw await refusal(response);
  return response;
}

/** Ask for JSON. */
export const ask = async (path, options) => (await send(path, options)).json();

/** Ask for text of another kind. */
export const askText = async (path) => (await send(path, { accept: "*/*" })).text();

/** Change something. */
export const change = (path, body) => ask(path, { method: "POST", body });

async function refusal(response) {
  const text = await response.text();
  try {
    const { error, sentence, cure } = JSON.parse(text);
    return new Refusal(response.status, String(error ?? sentence ?? `status ${response.status}`), String(cure ?? ""));
  } catch {
    return new Refusal(response.status, text.trim().slice(0, 500) || `status ${response.status}`);
  }
}
