// The walks, for blocks of WIDTH bytes: included once for each width, after the operations on such blocks.

static inline size_t first(uint32_t mask) { return (size_t)__builtin_ctz(mask); }

LINKAGE size_t NAMED(same)(const uint8_t *a, const uint8_t *b, size_t count) {
  size_t i = 0;
  for (; i + WIDTH <= count; i += WIDTH) {
    uint32_t differs = same(load(a + i), load(b + i)) ^ ALL;
    if (differs) return i + first(differs);
  }
  while (i < count && a[i] == b[i]) i++;
  return i;
}

LINKAGE size_t NAMED(next_rare)(const uint8_t *bytes, size_t start, size_t count) {
  size_t i = start;
  for (; i + WIDTH <= count; i += WIDTH)
    for (uint32_t found = rare(load(bytes + i)); found; found &= found - 1)
      if (may_lead(bytes, i + first(found), count)) return i + first(found);
  for (; i < count; i++)
    if (is_rare(bytes[i]) && may_lead(bytes, i, count)) return i;
  return count;
}

// ---- JSON ----

typedef struct { uint64_t quote, backslash, open, close; } structure;

static structure look(const uint8_t *p) {
  structure s = {0, 0, 0, 0};
  for (int i = 0; i < 64; i += WIDTH) {
    block b = load(p + i), f = folded(b);
    s.quote |= (uint64_t)equal(b, '"') << i;
    s.backslash |= (uint64_t)equal(b, '\\') << i;
    // With bit 5 set, `[` is `{` and `]` is `}`.
    s.open |= (uint64_t)equal(f, '{') << i;
    s.close |= (uint64_t)equal(f, '}') << i;
  }
  return s;
}

/// Each bit is the parity of the bits up to it.
static uint64_t parity(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

static size_t skip_string(const uint8_t *bytes, size_t start, size_t count) {
  for (size_t i = start + 1; i < count;) {
    if (i + WIDTH <= count) {
      block b = load(bytes + i);
      uint32_t found = equal(b, '"') | equal(b, '\\');
      if (!found) {
        i += WIDTH;
        continue;
      }
      i += first(found);
    }
    if (bytes[i] == '"') return i + 1;
    i += bytes[i] == '\\' ? 2 : 1;
  }
  return 0;
}

/// An object or a list, 64 bytes at a time: brackets count where they are not inside of a string.
static size_t skip_container(const uint8_t *bytes, size_t start, size_t count) {
  uint64_t in_string = 0, escapes_next = 0;
  long depth = 0;
  for (size_t i = start; i < count; i += 64) {
    uint8_t last[64];
    const uint8_t *p = bytes + i;
    if (i + 64 > count) {
      memset(last, ' ', sizeof last);
      memcpy(last, p, count - i);
      p = last;
    }
    structure s = look(p);
    uint64_t escaped = escapes_next;
    escapes_next = 0;
    // Backslashes in order: one that is not escaped itself escapes what follows.
    for (uint64_t left = s.backslash & ~escaped; left;) {
      int at = __builtin_ctzll(left);
      if (at == 63) {
        escapes_next = 1;
        break;
      }
      escaped |= 2ull << at;
      left &= ~(3ull << at);
    }
    uint64_t inside = parity(s.quote & ~escaped) ^ in_string;
    in_string = (uint64_t)((int64_t)inside >> 63);
    uint64_t open = s.open & ~inside, close = s.close & ~inside;
    if (depth > __builtin_popcountll(close)) {
      depth += __builtin_popcountll(open) - __builtin_popcountll(close);
      continue;
    }
    for (uint64_t both = open | close; both; both &= both - 1) {
      int at = __builtin_ctzll(both);
      depth += open >> at & 1 ? 1 : -1;
      if (depth == 0) return i + (size_t)at + 1 <= count ? i + (size_t)at + 1 : 0;
    }
  }
  return 0;
}

LINKAGE size_t NAMED(skip_json)(const uint8_t *bytes, size_t start, size_t count) {
  if (start >= count) return 0;
  switch (bytes[start]) {
  case '"': return skip_string(bytes, start, count);
  case '{':
  case '[': return skip_container(bytes, start, count);
  default: break;
  }
  size_t i = start;
  while (i < count && ((bytes[i] >= '0' && bytes[i] <= '9') || (bytes[i] >= 'a' && bytes[i] <= 'z') || bytes[i] == '-' ||
                       bytes[i] == '+' || bytes[i] == '.' || bytes[i] == 'E'))
    i++;
  return i > start ? i : 0;
}

// ---- escaping ----

/// Bytes of the UTF-8 character at `p`; 0 if it is none, -1 if it is cut off (RFC 3629).
static int wide_length(const uint8_t *p, size_t available) {
  int length;
  uint8_t low = 0x80, high = 0xBF;
  if (p[0] >= 0xC2 && p[0] <= 0xDF) length = 2;
  else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
    length = 3;
    if (p[0] == 0xE0) low = 0xA0;
    if (p[0] == 0xED) high = 0x9F;
  } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
    length = 4;
    if (p[0] == 0xF0) low = 0x90;
    if (p[0] == 0xF4) high = 0x8F;
  } else return 0;
  for (int i = 1; i < length; i++) {
    if ((size_t)i >= available) return -1;
    if (p[i] < (i == 1 ? low : 0x80) || p[i] > (i == 1 ? high : 0xBF)) return 0;
  }
  return length;
}

/// What stands after the backslash; 0 where more than a letter is needed.
static const uint8_t escape_letter[256] = {['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};

static uint8_t *write_narrow(uint8_t *out, uint8_t byte) {
  static const char hex[] = "0123456789abcdef";
  *out++ = '\\';
  if (escape_letter[byte]) {
    *out++ = escape_letter[byte];
    return out;
  }
  memcpy(out, "u00", 3);
  out[3] = (uint8_t)hex[byte >> 4];
  out[4] = (uint8_t)hex[byte & 15];
  return out + 5;
}

LINKAGE ccl_escaped NAMED(escape)(uint8_t *target, const uint8_t *source, size_t count) {
  size_t i = 0;
  uint8_t *out = target;
  while (i < count) {
    // The copies below read up to a block beyond this one.
    if (i + 2 * WIDTH <= count) {
      block b = load(source + i);
      store(out, b);
      uint32_t mask = special(b);
      size_t at = 0;
      while (mask) {
        at = first(mask);
        uint8_t letter = escape_letter[source[i + at]];
        if (!letter) break;
        // `out` moves on by one, so that it still is where the block's first byte would be.
        out[at] = '\\';
        out[at + 1] = letter;
        out++;
        store(out + at + 1, load(source + i + at + 1));
        mask &= mask - 1;
      }
      if (!mask) {
        i += WIDTH;
        out += WIDTH;
        continue;
      }
      i += at;
      out += at;
    }
    uint8_t byte = source[i];
    if (byte >= 0x80) {
      int length = wide_length(source + i, count - i);
      if (length <= 0) return (ccl_escaped){i, (size_t)(out - target), length < 0 ? 1 : 2};
      memcpy(out, source + i, (size_t)length);
      out += length;
      i += (size_t)length;
    } else if (byte < 0x20 || byte == '"' || byte == '\\') {
      out = write_narrow(out, byte);
      i++;
    } else {
      *out++ = byte;
      i++;
    }
  }
  return (ccl_escaped){i, (size_t)(out - target), 0};
}
