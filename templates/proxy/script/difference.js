
// ---- the difference, in the order in which templates put a prompt to the model ----
/** A `cache_control` mark moves from turn to turn, and no model ever sees it. */
const unmarked = value => JSON.stringify(value, (key, inner) => key === 'cache_control' ? undefined : inner);

/** The parts of a prompt in that order, each with its name. */
function segments(sent) {
  if (!sent || !sent.messages) return null;
  const parts = [];
  systemOf(sent).forEach((piece, i) => parts.push({ name: `system[${i}]`, text: typeof piece.text === 'string' ? piece.text : unmarked(piece) }));
  listOf(sent.tools).forEach((tool, i) => parts.push({ name: `tools[${i}] ${tool.name || ''}`, text: unmarked(tool) }));
  listOf(sent.messages).forEach((message, i) => contentOf(message).forEach((piece, k) => parts.push({
    name: `messages[${i}].content[${k}] ${message.role} ${piece.type}`, text: message.role + ': ' + (piece.type === 'text' && piece.text != null ? piece.text : unmarked(piece)),
  })));
  for (const part of parts) part.bytes = encoder.encode(part.text);
  return parts;
}

function previousOf(x) {
  const thread = requestOf(x).thread;
  return all.reduce((best, y) => y.id < x.id && thread && requestOf(y).thread === thread && (!best || y.id > best.id) ? y : best, null);
}

views.difference = async (x, full) => {
  const earlier = x.prefix && byId.get(x.prefix.previous) || previousOf(x);
  if (!earlier) return note('This is the first request of its conversation that was seen.');
  const before = segments(((await whole(earlier.id)).sent || {}).json), now = segments((full.sent || {}).json);
  if (!before || !now) return note('The bodies are not there to be compared.');
  return compare(before, now, earlier, x);
};

/** The place of the first byte that differs between two parts; their common length if there is none. */
function firstDifference(a, b) {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}

/** The field of the client's attribution header, at the beginning of its prompt, in which that byte is. */
function headerField(text, at) {
  if (!text.startsWith('x-anthropic-billing-header')) return null;
  const fields = [...text.matchAll(/([\w-]+)=[^;]*/g)];
  const field = fields.findLast(match => bytesOf(text.slice(0, match.index)) <= at);
  return 'x-anthropic-billing-header' + (field ? ', its field ' + field[1] : '');
}

function compare(before, now, earlier, x) {
  const length = part => part.bytes.length, total = sum(before, length), ends = sum(now, length);
  let i = 0, kept = 0;
  while (i < before.length && i < now.length && before[i].text === now[i].text) kept += length(before[i++]);
  const title = h('h3', {}, `#${x.id} against #${earlier.id}, the request before it in this conversation`);
  if (i === before.length) {
    return [
      title,
      h('div', { class: 'box good', id: 'verdict' }, ends === total ? 'The prompts are the same, byte for byte. The prefix cache is kept.'
        : `The whole prompt before (${count(total)} bytes) is the beginning of this one; ${count(ends - kept)} bytes are new. The prefix cache is kept.`),
      bar([['kept', kept, 'messages', size(kept)], ['new', ends - kept, 'system', size(ends - kept)]]), everyPart(before, now),
    ];
  }
  const old = before[i], changed = now[i] || { name: old.name + ' (gone)', text: '', bytes: new Uint8Array() };
  const at = firstDifference(old.bytes, changed.bytes), first = kept + at, lost = ends - first;
  const header = headerField(changed.text, at), cached = answerOf(x).cacheRead;
  if (isKeptAnyway(x)) {
    return [
      title,
      h('div', { class: 'box good', id: 'verdict' }, `The first byte that differs is byte ${count(at)} of ${changed.name}, byte ${count(first)} of the prompt`,
        header ? `: the attribution header ${header}. ` : '. ',
        `The engine still took ${count(cached)} of ${count(promptTokens(x))} tokens from its cache: it does not give that part to the model. Another engine would evaluate everything again.`),
      h('h3', {}, 'Before'), around(old.bytes, at, ''), h('h3', {}, 'Now'), around(changed.bytes, at, 'now'), everyPart(before, now),
    ];
  }
  return [
    title,
    h('div', { class: 'box warn', id: 'verdict' },
      h('b', {}, 'The prefix cache is destroyed. '), `The first byte that differs is byte ${count(at)} of ${changed.name}, byte ${count(first)} of the prompt. `,
      `${percent(first, total)} of the prompt before are kept; the ${count(lost)} bytes from there on (about ${count(Math.round(lost / 4))} tokens) have to be evaluated again. `,
      cached != null && `The engine took ${count(cached)} tokens from its cache. `,
      header && `It is the attribution header ${header}: set CLAUDE_CODE_ATTRIBUTION_HEADER=0, as claude-local does.`),
    bar([['kept', first, 'messages', size(first)], ['evaluated again', lost, 'cut', size(lost)]]),
    h('h3', {}, 'Before'), around(old.bytes, at, ''), h('h3', {}, 'Now'), around(changed.bytes, at, 'now'), everyPart(before, now),
  ];
}

/** The bytes around the place, it and what differs after it marked. */
function around(bytes, at, kind) {
  // A character of several bytes is shown whole.
  const isInside = place => place > 0 && place < bytes.length && (bytes[place] & 0xC0) === 0x80;
  const down = place => { while (isInside(place)) place--; return place; };
  const from = down(Math.max(0, at - 160)), start = down(Math.min(at, bytes.length));
  let end = start + 1;
  while (isInside(end)) end++;
  const to = down(Math.min(bytes.length, end + 240)), text = (a, b) => decoder.decode(bytes.slice(a, b));
  return code(from > 0 ? '…' : '', text(from, start), h('mark', { class: kind }, text(start, end) || '(nothing: it ends here)'), text(end, to), to < bytes.length ? '…' : '');
}

function everyPart(before, now) {
  const rows = Array.from({ length: Math.max(before.length, now.length) }, (_, i) => {
    const [b, n] = [before[i], now[i]];
    return h('tr', {}, h('td', {}, (n || b).name), h('td', { class: 'number' }, b ? count(b.bytes.length) : ''), h('td', { class: 'number' }, n ? count(n.bytes.length) : ''),
      h('td', {}, !b ? 'new' : !n ? 'gone' : b.text === n.text ? 'the same' : h('mark', {}, 'differs')));
  });
  return h('details', { class: 'part' }, h('summary', {}, h('b', {}, 'All parts'), h('span', { class: 'soft' }, count(rows.length) + ', in bytes')),
    h('table', {}, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'part'), h('th', { scope: 'col', class: 'number' }, 'before'), h('th', { scope: 'col', class: 'number' }, 'now'), h('th', { scope: 'col' }, 'compared'))), h('tbody', {}, rows)));
}
