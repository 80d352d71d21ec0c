
// ---- the list ----
let shown = [];
let picked = null;

/** A list of any length of which only the rows in sight exist. */
class VirtualList {
  constructor(frame, height, draw) {
    Object.assign(this, { frame, height, draw, items: [] });
    this.inner = h('div', { style: { position: 'relative' }, role: 'presentation' });
    frame.append(this.inner);
    frame.addEventListener('scroll', () => this.render());
    new ResizeObserver(() => this.render()).observe(frame);
  }

  set(items) {
    this.items = items;
    this.inner.style.height = items.length * this.height + 'px';
    this.render();
  }

  render() {
    const from = Math.max(0, Math.floor(this.frame.scrollTop / this.height) - 8);
    const to = Math.min(this.items.length, from + Math.ceil(this.frame.clientHeight / this.height) + 16);
    const rows = [];
    for (let i = from; i < to; i++) {
      const row = this.draw(this.items[i], i);
      row.style.top = i * this.height + 'px';
      rows.push(row);
    }
    this.inner.replaceChildren(...rows);
    if (this.rendered) this.rendered();
  }

  reveal(i) {
    const top = i * this.height, frame = this.frame;
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (top + this.height > frame.scrollTop + frame.clientHeight) frame.scrollTop = top + this.height - frame.clientHeight;
    this.render();
  }
}

const rowHeight = 46;
const list = new VirtualList($('list'), rowHeight, (x, i) => h('div',
  {
    class: 'row columns', role: 'option', id: 'r' + x.id, 'aria-selected': String(x.id === picked),
    'aria-posinset': i + 1, 'aria-setsize': shown.length, onclick: () => pick(x.id, true),
  },
  h('span', { class: 'soft mono' }, clock(x)),
  statusOf(x),
  h('span', {}, requestOf(x).model || x.method + ' ' + x.target),
  h('span', { class: 'number' }, promptTokens(x) != null ? count(promptTokens(x)) : x.requestSize ? h('span', { class: 'soft' }, size(x.requestSize)) : ''),
  h('span', { class: 'number wide' }, answerOf(x).cacheRead != null ? Math.floor(100 * answerOf(x).cacheRead / promptTokens(x)) + ' %' : ''),
  h('span', { class: 'number' + (x.firstToken == null ? ' soft' : ''), title: x.firstToken == null ? 'first byte' : 'first token' }, time(firstOf(x))),
  h('span', { class: 'number wide' }, speed(x) ? speed(x).toFixed(1) : ''),
  h('span', { class: 'number wide' }, time(x.end)),
  h('span', { class: 'soft mono place' }, '#' + x.id), h('span', { class: 'tags' }, split(x), tags(x))));
list.rendered = mark;

function statusOf(x) {
  if (isRunning(x)) return h('span', { class: 'running', role: 'img', 'aria-label': 'on its way', title: 'on its way' });
  const good = x.status >= 200 && x.status < 300;
  return h('span', { class: 'status ' + (good ? 'ok' : 'bad') }, x.status || '—');
}

/** Where the time went, as a line. */
function split(x) {
  const parts = timing(x), total = sum(parts, part => part[1]) || 1;
  return h('span', { class: 'split', title: parts.map(part => part[0] + ' ' + time(part[1])).join(', '), 'aria-hidden': 'true' },
    parts.map(part => h('i', { class: part[2], style: { width: 100 * part[1] / total + '%' } })));
}

function tags(x) {
  const kind = requestOf(x).kind, found = warnings(x), called = answerOf(x).called || [];
  return [
    found.map(w => h('span', { class: 'tag ' + (w[2] ? 'bad' : 'warn'), title: w[0] }, w[1])),
    kind && kind !== 'chat' && h('span', { class: 'tag' }, kind === 'agent' ? 'subagent' : kind),
    called.length > 0 && h('span', { class: 'tag tool', title: 'tools called' }, tally(called)),
  ];
}

/** Names in their order, each with how often it is there. */
function tally(names) {
  const times = new Map();
  for (const name of names) times.set(name, (times.get(name) || 0) + 1);
  return [...times].map(([name, n]) => n > 1 ? `${name} ×${n}` : name).join(', ');
}

function matches(x) {
  const filter = $('filter').value, kind = requestOf(x).kind, needle = $('search').value.trim().toLowerCase();
  if (needle) {
    const text = searched.get(x.id) || wordsOf(x);
    if (!needle.split(/\s+/).every(word => text.includes(word))) return false;
  }
  switch (filter) {
    case '': return true;
    case 'other': return !kind;
    case 'tools': return (answerOf(x).called || []).length > 0;
    case 'warn': return warnings(x).length > 0;
    case 'error': return !isRunning(x) && ((x.status || 0) >= 400 || x.ending !== 'complete' || Boolean(answerOf(x).error));
    default: return kind === filter;
  }
}

function refresh() {
  const top = $('list').scrollTop, before = shown.length;
  shown = [...all, ...running.values()].filter(matches).sort((a, b) => b.id - a.id);
  list.set(shown);
  // What is being read stays where it is when something comes in above it.
  if (top > rowHeight && shown.length > before) $('list').scrollTop = top + (shown.length - before) * rowHeight;
  const there = all.length + running.size, talks = !$('talk').hidden;
  $('none').hidden = talks || shown.length > 0 || there === 0;
  $('list').hidden = talks || !$('none').hidden;
  $('count').textContent = (shown.length === there ? plural(there, 'request') : `${count(shown.length)} of ${plural(there, 'request')}`)
    + (running.size ? `, ${running.size} on ${running.size === 1 ? 'its' : 'their'} way` : '');
  if (talks) drawTalk();
  if (picked == null) drawEmpty();
}

let waiting = false;
let lastRefresh = 0;
/** Soon, and once for everything that comes until then; most of the time is the person's. */
function later() {
  if (waiting) return;
  waiting = true;
  setTimeout(() => unpressed(() => {
    waiting = false;
    const begin = performance.now();
    refresh();
    lastRefresh = performance.now() - begin;
  }), Math.max(120, 4 * lastRefresh));
}

let isPressed = false;
const afterPress = [];
addEventListener('pointerdown', event => { isPressed = Boolean(event.target.closest('a, button, summary, [role=option]')); }, true);
for (const end of ['pointerup', 'pointercancel']) {
  // The click comes after it.
  addEventListener(end, () => setTimeout(() => {
    isPressed = false;
    for (const act of afterPress.splice(0)) act();
  }, 0), true);
}

/** Draws anew only what is not being pressed: a click on something that is gone by then would be lost. */
function unpressed(act) {
  if (isPressed) afterPress.push(act);
  else act();
}

function mark() {
  const row = picked != null && $('r' + picked);
  if (row) $('list').setAttribute('aria-activedescendant', row.id);
  else $('list').removeAttribute('aria-activedescendant');
}

function drawEmpty() {
  const start = [
    h('h2', {}, 'Nothing has passed yet'), h('p', {}, 'Point the client at this address and it appears here as it happens:'),
    code('ANTHROPIC_BASE_URL=' + location.origin + ' claude'), h('p', {}, 'or start it as ', h('kbd', {}, 'claude-local --proxy'), '.'),
  ];
  $('detail').replaceChildren(h('div', { class: 'empty' }, all.length + running.size ? h('p', {},
    'Pick a request to look into it: what the prompt is made of, the answer, what changed since the one before, and where the time went.') : start));
}

async function pick(id, byHand) {
  picked = id;
  $('main').classList.add('reading');
  list.render();
  const i = shown.findIndex(x => x.id === id);
  if (i >= 0 && !$('list').hidden) list.reveal(i);
  if (!report) history.replaceState(null, '', '#' + id);
  if (!$('talk').hidden) markLines();
  await draw();
  $('detail').scrollTop = 0;
  // In a narrow window the list is gone now, and the focus with it.
  if (byHand && getComputedStyle($('left')).display === 'none') $('detail').focus();
}
