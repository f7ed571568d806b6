/* Makes and keeps elements. Text goes in as text only: nothing here reads markup. */

const SVG = "http://www.w3.org/2000/svg";
const kept = new WeakMap();

/** Make an element. `props`: class, text, on (listeners by event), data; everything else becomes an attribute. */
export function el(name, props = {}, ...children) {
  return dress(document.createElement(name), props, children);
}

/** Make an element of a drawing. */
export function svg(name, props = {}, ...children) {
  return dress(document.createElementNS(SVG, name), props, children);
}

function dress(node, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") node.textContent = value;
    else if (key === "on") for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else if (key === "data") Object.assign(node.dataset, value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Set a text if it is another one, so that nothing is read out or repainted for no reason. */
export function say(node, text) {
  const wanted = String(text);
  if (node.textContent !== wanted) node.textContent = wanted;
}

/** Set an attribute if it is another one; null takes it away. */
export function mark(node, name, value) {
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

/**
 * Make the children of `parent` those of `items`, in their order. A node whose key stays is kept, and with it focus and
 * scroll position. `make(item)` gives a node; `update(node, item)` is called for each, new or kept.
 */
export function keyed(parent, items, keyOf, make, update = () => {}) {
  const before = kept.get(parent) ?? new Map();
  const after = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (after.has(key)) continue;
    const node = before.get(key) ?? make(item);
    after.set(key, node);
    update(node, item);
  }
  for (const [key, node] of before) if (!after.has(key)) node.remove();
  let place = parent.firstChild;
  for (const node of after.values()) {
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
  kept.set(parent, after);
}

/** Find the element with this id; the page has it. */
export const at = (id) => document.getElementById(id);
