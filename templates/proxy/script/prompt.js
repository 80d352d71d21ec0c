
// ---- what a prompt is made of, and what came back ----
/** The objects of a list, and nothing of what is none: a request may hold anything. */
const listOf = value => Array.isArray(value) ? value.filter(item => item && typeof item === 'object') : [];
const textsOf = value => typeof value === 'string' ? [{ type: 'text', text: value }] : listOf(value);
const systemOf = sent => textsOf(sent.system);
const contentOf = message => textsOf(message.content);
const resultText = result => contentOf(result).map(part => part.text || '[' + part.type + ']').join('\n');
const sizeOf = value => bytesOf(typeof value === 'string' ? value : JSON.stringify(value));

/** A piece of a message. `kind` says whose a text is. */
function block(piece, kind) {
  const [who, look, text] = piece.type === 'text' ? [kind || 'text', kind || '', piece.text]
    : piece.type === 'thinking' ? ['thinking', 'thinking', piece.thinking]
    : piece.type === 'tool_use' ? ['calls ' + piece.name, 'tool', pretty(piece.input)]
    : piece.type === 'tool_result' ? [piece.is_error ? 'result: an error' : 'result', piece.is_error ? 'bad' : 'tool', resultText(piece)]
    : [piece.type, '', JSON.stringify(piece).slice(0, 4000)];
  const isProse = piece.type === 'text' || piece.type === 'thinking', reminder = /^\s*<system-reminder>/.test(text || '');
  const frame = text ? h('pre', { tabindex: '0', class: isProse && !reminder ? 'prose' : null }, text) : note('empty');
  return h('div', { class: 'turn ' + look }, h('div', { class: 'who' }, who), reminder ? h('details', { class: 'part' },
    h('summary', {}, h('b', {}, 'system reminder'), h('span', { class: 'soft' }, text.replace(/<\/?system-reminder>/g, ' ').trim().slice(0, 160)), h('span', { class: 'soft' }, size(bytesOf(text)))), frame) : frame);
}

const glance = message => contentOf(message).map(piece => piece.type === 'text' ? piece.text
  : piece.type === 'thinking' ? 'thinking' : piece.type === 'tool_use' ? 'calls ' + piece.name : piece.type === 'tool_result' ? 'result' : piece.type).join(' · ').slice(0, 160);

views.anatomy = (x, full) => {
  const sent = full.sent && full.sent.json;
  if (!sent || !sent.messages) return note('This request is not a Messages request, or its body was not recorded whole.');
  const blocks = systemOf(sent), tools = listOf(sent.tools), messages = listOf(sent.messages), tokens = answerOf(x).cut ? null : promptTokens(x);
  const [s, t, m] = [blocks, tools, messages].map(parts => sum(parts, sizeOf)), rest = Math.max(0, x.requestSize - s - t - m);
  // The engine tells the tokens of the whole; a part's are its share of them.
  const share = n => tokens ? `≈ ${count(Math.round(tokens * n / (s + t + m)))} tokens` : '';
  const words = n => size(n) + (tokens ? ', ' + share(n) : '');
  const ranked = tools.map(tool => [tool.name, sizeOf(tool), tool]).sort((a, b) => b[1] - a[1]), most = ranked.length ? ranked[0][1] : 1;
  const part = (name, glimpse, bytes, inside, mark) => h('details', { class: 'part' },
    h('summary', {}, h('b', {}, name), h('span', { class: 'soft' }, glimpse), mark && h('span', { class: 'tag' }, 'cache mark'), h('span', { class: 'soft' }, size(bytes))), inside);
  return [
    h('h3', {}, 'What the prompt is made of'),
    bar([['system', s, 'system', words(s)], ['tools', t, 'toolset', words(t)], ['messages', m, 'messages', words(m)], ['settings', rest, 'rest', size(rest)]]),
    h('h3', {}, `System: ${plural(blocks.length, 'block')}, ${size(s)}`),
    blocks.map((piece, i) => part(`system[${i}]`, String(piece.text || '').slice(0, 160), sizeOf(piece), code(piece.text || pretty(piece)), piece.cache_control)),
    h('h3', {}, `Tools: ${count(tools.length)} by size, ${size(t)}`),
    tools.length > 0 && h('table', { class: 'rank' },
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'tool'), h('th', { scope: 'col', class: 'number' }, 'bytes'), h('th', { scope: 'col', class: 'number' }, 'of the request'), h('td', {}))),
      h('tbody', {}, ranked.map(([name, bytes, tool]) => h('tr', {},
        h('td', {}, h('details', {}, h('summary', {}, name || '?'), code(pretty(tool)))),
        h('td', { class: 'number' }, count(bytes)), h('td', { class: 'number' }, percent(bytes, x.requestSize)),
        h('td', {}, h('span', { class: 'meter toolset', style: { width: 90 * bytes / most + 'px' } })))))),
    h('h3', {}, `Messages: ${count(messages.length)}, ${size(m)}`),
    messages.map((message, i) => part(`${i} ${message.role}`, glance(message), sizeOf(message), contentOf(message).map(piece => block(piece, message.role)),
      contentOf(message).some(piece => piece.cache_control))),
  ];
};

views.answer = async (x, full) => {
  const got = assemble(full), results = await resultsAfter(x), asked = listOf(((full.sent || {}).json || {}).messages);
  const last = asked.findLast(message => message.role === 'user') || asked[asked.length - 1];
  return [
    last && [h('h3', {}, 'Asked last'), contentOf(last).map(piece => block(piece, 'user'))],
    h('h3', {}, 'Answer'),
    got.length === 0 && note(isRunning(x) ? 'Nothing has come yet.' : 'There is no content in this answer.'),
    got.map(piece => piece.type === 'tool_use' ? h('div', { class: 'pair' }, block(piece), results.has(piece.id) ? block(results.get(piece.id))
      : h('div', { class: 'turn' }, h('div', { class: 'who' }, 'result'), note(isRunning(x) ? 'comes when the call is whole' : 'was not seen: no request after this one brings it')))
      : block(piece, 'assistant')),
  ];
};

/** The results of the tools that an answer called: the next request of the conversation brings them. */
async function resultsAfter(x) {
  const results = new Map(), next = all.find(y => y.prefix && y.prefix.previous === x.id);
  if (!next || !(answerOf(x).called || []).length) return results;
  try {
    for (const message of listOf(((await whole(next.id)).sent.json || {}).messages)) {
      for (const piece of contentOf(message)) if (piece.type === 'tool_result') results.set(piece.tool_use_id, piece);
    }
  } catch { /* It was not recorded; the calls are shown without. */ }
  return results;
}

/** The pieces of an answer, put together from its events. */
function assemble(full) {
  const part = full.received || {};
  if (part.json) return listOf(part.json.content);
  const blocks = [];
  for (const { json } of eventsOf(full)) {
    if (!json) continue;
    if (json.type === 'content_block_start' && json.content_block) blocks[json.index] = { ...json.content_block, ...(json.content_block.type === 'tool_use' ? { input: '' } : {}) };
    const piece = blocks[json.index];
    if (json.type !== 'content_block_delta' || !piece || !json.delta) continue;
    if (json.delta.text != null) piece.text = (piece.text || '') + json.delta.text;
    if (json.delta.thinking != null) piece.thinking = (piece.thinking || '') + json.delta.thinking;
    if (json.delta.partial_json != null) piece.input += json.delta.partial_json;
  }
  return blocks.filter(Boolean);
}
