'use strict';

// ---- elements, and how figures are written ----
const $ = id => document.getElementById(id);

/** Makes an element; `style` is set property by property, since the page's policy forbids a style attribute. */
function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties || {})) {
    if (value == null || value === false) continue;
    if (key === 'style') for (const [p, v] of Object.entries(value)) element.style.setProperty(p, v);
    else if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'class') element.className = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(child => child != null && child !== false));
  return element;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = text => encoder.encode(text).length;
const sum = (items, of) => items.reduce((total, item) => total + of(item), 0);
const count = n => n == null ? '' : n.toLocaleString('en-US');
const plural = (n, word) => count(n) + ' ' + word + (n === 1 ? '' : 's');

/** Never more than is true: 99.97 is no hundred. */
function percent(part, whole) {
  if (!whole) return '';
  const tenths = Math.floor(1000 * part / whole);
  return tenths === 0 && part > 0 ? '< 0.1 %' : tenths / 10 + ' %';
}

function size(n) {
  if (n < 1000) return n + ' B';
  return n < 1e6 ? (n / 1000).toFixed(1) + ' kB' : (n / 1e6).toFixed(1) + ' MB';
}

/** A time of so many microseconds. */
function time(us) {
  if (us == null) return '';
  if (us < 1000) return us + ' µs';
  if (us < 1e4) return (us / 1000).toFixed(1) + ' ms';
  if (us < 1e6) return Math.round(us / 1000) + ' ms';
  if (us < 6e7) return (us / 1e6).toFixed(2) + ' s';
  return Math.floor(us / 6e7) + ' min ' + Math.round(us % 6e7 / 1e6) + ' s';
}

const two = n => String(n).padStart(2, '0');
/** The time of day where the reader is. */
function clock(x) {
  const t = new Date(x.at);
  return `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}
/** The day and the time with milliseconds, and the zone that they are in. */
function moment(x) {
  const t = new Date(x.at), zone = -t.getTimezoneOffset(), off = Math.abs(zone);
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${clock(x)}.${String(t.getMilliseconds()).padStart(3, '0')} `
    + (zone ? `UTC${zone < 0 ? '−' : '+'}${two(Math.floor(off / 60))}:${two(off % 60)}` : 'UTC');
}

function pretty(value) {
  try { return JSON.stringify(typeof value === 'string' ? JSON.parse(value) : value, null, 2); } catch { return String(value); }
}

const note = text => h('p', { class: 'soft' }, text);
const box = (kind, ...children) => h('div', { class: 'box ' + kind }, ...children);
/** Text that is scrolled in its own frame, so that the keyboard reaches it. */
const code = (...children) => h('pre', { tabindex: '0' }, ...children);
