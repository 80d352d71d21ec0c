// Both ends of a proxy under measurement: an engine that costs next to nothing, and clients that measure.
//
//   load engine PORT
//   load requests PORT CONNECTIONS SECONDS BODY_BYTES REPLY_BYTES   -> requests/s, p50 and p99 in microseconds
//   load streams PORT CONNECTIONS EVENTS GAP_MS                     -> events/s, lost, first byte p50, event delay p50
//   load uploads PORT COUNT BYTES                                   -> bodies/s
//
// One thread, epoll, raw HTTP/1.1: what is measured is the proxy, not the bench. Linux only.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_HEAD = 4096, MOST = 2048 };

typedef struct {
  int fd;
  char head[LONGEST_HEAD];
  size_t head_length;
  long body_left;   // of the message being read; -1: its head is not whole
  char *out;        // what is still to be sent
  size_t out_length, out_sent;
  int out_owned;
  long reply, events, events_sent, gap_ms;
  int64_t next_event;
  // client
  int64_t begun, first;
  long received;
  char line[512];
  size_t line_length;
  int is_done, place, size_digits;
  size_t chunk;
} connection;

static connection all[MOST];
static int poller;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void watch(connection *c, uint32_t events, int operation) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  epoll_ctl(poller, operation, c->fd, &e);
}

static void drop(connection *c) {
  close(c->fd);
  if (c->out_owned) free(c->out);
  memset(c, 0, sizeof *c);
  c->fd = -1;
}

static int flush(connection *c) {
  while (c->out_sent < c->out_length) {
    ssize_t n = send(c->fd, c->out + c->out_sent, c->out_length - c->out_sent, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN) {
        watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
        return 0;
      }
      return -1;
    }
    c->out_sent += n;
  }
  if (c->out_owned) free(c->out);
  c->out = NULL;
  c->out_owned = 0;
  c->out_length = c->out_sent = 0;
  return 1;
}

static long number_after(const char *text, const char *mark, long otherwise) {
  const char *found = strcasestr(text, mark);
  return found ? atol(found + strlen(mark)) : otherwise;
}

// ---- engine ----

static size_t write_event(char *to, long number) {
  char data[256];
  int n = snprintf(data, sizeof data,
                   "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
                   "{\"type\":\"text_delta\",\"text\":\"n%ld t%lld\"}}\n\n",
                   number, (long long)now());
  return (size_t)sprintf(to, "%x\r\n%s\r\n", n, data);
}

static void send_events(connection *c) {
  if (c->out) return;
  long left = c->events - c->events_sent;
  long batch = c->gap_ms ? 1 : left < 256 ? left : 256;
  c->out = malloc((size_t)batch * 300 + 16);
  c->out_owned = 1;
  size_t n = 0;
  for (long i = 0; i < batch; i++) n += write_event(c->out + n, c->events_sent++);
  if (c->events_sent == c->events) {
    memcpy(c->out + n, "0\r\n\r\n", 5);
    n += 5;
  }
  c->out_length = n;
  c->next_event += c->gap_ms * 1000000;
}

static void answer(connection *c) {
  c->head[c->head_length] = 0;
  c->reply = number_after(c->head, "x-reply: ", 1024);
  c->events = number_after(c->head, "x-events: ", 0);
  c->gap_ms = number_after(c->head, "x-gap: ", 0);
  c->events_sent = 0;
  c->head_length = 0;
  c->body_left = -1;
  c->out = malloc(256 + (c->events ? 0 : c->reply));
  c->out_owned = 1;
  if (c->events) {
    c->out_length = sprintf(c->out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    c->next_event = now();
  } else {
    c->out_length = sprintf(c->out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %ld\r\n\r\n", c->reply);
    memset(c->out + c->out_length, 'a', c->reply);
    c->out_length += c->reply;
  }
}

// Reads one message's head and body; 1: it is whole, 0: more is to come, -1: gone.
static int read_message(connection *c) {
  static char buffer[262144];
  for (;;) {
    ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
    if (n == 0) return -1;
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    char *p = buffer;
    while (n > 0) {
      if (c->body_left < 0) {
        size_t room = LONGEST_HEAD - 1 - c->head_length;
        size_t take = (size_t)n < room ? (size_t)n : room;
        memcpy(c->head + c->head_length, p, take);
        size_t before = c->head_length;
        c->head_length += take;
        c->head[c->head_length] = 0;
        char *end = memmem(c->head, c->head_length, "\r\n\r\n", 4);
        if (!end) {
          if (take < (size_t)n) return -1;
          break;
        }
        size_t used = (size_t)(end + 4 - c->head) - before;
        c->head_length = (size_t)(end + 4 - c->head);
        c->head[c->head_length] = 0;
        p += used;
        n -= (ssize_t)used;
        c->body_left = number_after(c->head, "content-length: ", 0);
      }
      size_t take = (size_t)n < (size_t)c->body_left ? (size_t)n : (size_t)c->body_left;
      c->body_left -= (long)take;
      p += take;
      n -= (ssize_t)take;
      if (c->body_left == 0) return 1;
    }
    if (c->body_left == 0) return 1;
  }
}

static void engine(int port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) fail("listen");
  connection server = {.fd = listener};
  watch(&server, EPOLLIN, EPOLL_CTL_ADD);
  for (int i = 0; i < MOST; i++) all[i].fd = -1;
  int pacing = 0;
  for (;;) {
    struct epoll_event ready[256];
    int64_t wait = -1;
    if (pacing) {
      int64_t t = now(), soonest = INT64_MAX;
      for (int i = 0; i < MOST; i++)
        if (all[i].fd >= 0 && all[i].gap_ms && all[i].events_sent < all[i].events && all[i].next_event < soonest)
          soonest = all[i].next_event;
      wait = soonest == INT64_MAX ? -1 : soonest > t ? (soonest - t) / 1000000 : 0;
      if (soonest == INT64_MAX) pacing = 0;
    }
    int n = epoll_wait(poller, ready, 256, (int)wait);
    for (int i = 0; i < n; i++) {
      connection *c = ready[i].data.ptr;
      if (c == &server) {
        int fd;
        while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          connection *fresh = NULL;
          for (int k = 0; k < MOST && !fresh; k++) if (all[k].fd < 0) fresh = &all[k];
          if (!fresh) { close(fd); continue; }
          memset(fresh, 0, sizeof *fresh);
          fresh->fd = fd;
          fresh->body_left = -1;
          watch(fresh, EPOLLIN, EPOLL_CTL_ADD);
        }
        continue;
      }
      if (c->fd < 0) continue;
      if (ready[i].events & EPOLLOUT) watch(c, EPOLLIN, EPOLL_CTL_MOD);
      if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        int got = read_message(c);
        if (got < 0) { drop(c); continue; }
        if (got) answer(c);
      }
      int sent;
      while ((sent = flush(c)) == 1 && c->events && !c->gap_ms && c->events_sent < c->events) send_events(c);
      if (sent < 0) { drop(c); continue; }
      if (c->events && c->gap_ms) pacing = 1;
    }
    if (pacing) {
      int64_t t = now();
      for (int i = 0; i < MOST; i++) {
        connection *c = &all[i];
        if (c->fd < 0 || !c->gap_ms || c->events_sent >= c->events || c->next_event > t) continue;
        send_events(c);
        if (flush(c) < 0) drop(c);
      }
    }
  }
}

// ---- clients ----

static int dial(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static int by_value(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static double share(int64_t *values, size_t count, double part) {
  if (!count) return 0;
  qsort(values, count, sizeof *values, by_value);
  return values[(size_t)((double)(count - 1) * part)] / 1000.0;
}

// A body as the real client's: JSON with long texts, many short names, and quotes to be escaped.
static char *make_request(size_t body, const char *extra, size_t *length) {
  static const char piece[] =
      "{\"name\":\"Bash\",\"description\":\"Executes a given bash command in a persistent shell session with optional timeout, "
      "ensuring proper handling and security measures.\\n\\nBefore executing the command, please follow these steps:\\n\","
      "\"input_schema\":{\"type\":\"object\",\"properties\":{\"command\":{\"type\":\"string\",\"description\":\"The command to execute\"},"
      "\"timeout\":{\"type\":\"number\"}},\"required\":[\"command\"],\"additionalProperties\":false}}";
  char *text = malloc(body + 1024);
  size_t head = (size_t)sprintf(text,
      "POST /v1/messages?beta=true HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nx-api-key: sk-ant-api03-0123456789abcdef0123\r\n"
      "anthropic-version: 2023-06-01\r\nUser-Agent: bench\r\n%sContent-Length: %zu\r\n\r\n", extra, body);
  char *p = text + head, *end = p + body;
  static const char open[] = "{\"model\":\"qwen3:1.7b\",\"max_tokens\":32000,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tools\":[";
  static const char close[] = "]}";
  if (body < sizeof open + 2 * sizeof piece) {
    memset(p, 'a', body);
  } else {
    p = mempcpy(p, open, sizeof open - 1);
    p = mempcpy(p, piece, sizeof piece - 1);
    while (p + sizeof piece + sizeof close + 64 < end) {
      *p++ = ',';
      p = mempcpy(p, piece, sizeof piece - 1);
    }
    p = mempcpy(p, ",\"", 2);
    memset(p, 'x', (size_t)(end - p) - sizeof close);
    p = end - sizeof close;
    *p++ = '"';
    memcpy(p, close, sizeof close - 1);
  }
  *length = head + body;
  return text;
}

static void requests(int port, int connections, double seconds, size_t body, long reply) {
  size_t length, count = 0, room = 4000000;
  char extra[64];
  snprintf(extra, sizeof extra, "x-reply: %ld\r\n", reply);
  char *text = make_request(body, extra, &length);
  int64_t *took = malloc(room * sizeof *took), start = now(), end = start + (int64_t)(seconds * 1e9);
  for (int i = 0; i < connections; i++) {
    connection *c = &all[i];
    *c = (connection){.fd = dial(port), .body_left = -1, .out = text, .out_length = length, .begun = now()};
    watch(c, EPOLLIN, EPOLL_CTL_ADD);
    if (flush(c) < 0) fail("send");
  }
  while (now() < end || count == 0) {
    struct epoll_event ready[256];
    int n = epoll_wait(poller, ready, 256, 1000);
    for (int i = 0; i < n; i++) {
      connection *c = ready[i].data.ptr;
      if (ready[i].events & EPOLLOUT) {
        watch(c, EPOLLIN, EPOLL_CTL_MOD);
        if (flush(c) < 0) fail("send");
      }
      if (!(ready[i].events & EPOLLIN)) continue;
      int got = read_message(c);
      if (got < 0) fail("receive");
      if (!got) continue;
      if (count < room) took[count++] = now() - c->begun;
      c->head_length = 0;
      c->body_left = -1;
      c->out = text;
      c->out_length = length;
      c->begun = now();
      if (flush(c) < 0) fail("send");
    }
  }
  double real = (double)(now() - start) / 1e9;
  printf("%.0f %.1f %.1f %zu\n", (double)count / real, share(took, count, .5), share(took, count, .99), count);
}

// One line of content; the end of the stream is the end of its chunks.
static void take_line(connection *c, int64_t t, int64_t *delays, size_t *count, size_t room, long *wrong) {
  c->line[c->line_length] = 0;
  if (c->line_length > 90 && !strncmp(c->line, "data: {\"type\":\"content_block_delta\"", 34)) {
    char *mark = strstr(c->line + 60, "\"n");
    if (!mark || atol(mark + 2) != c->received) (*wrong)++;
    char *sent = mark ? strstr(mark, " t") : NULL;
    if (sent && *count < room) delays[(*count)++] = t - atoll(sent + 2);
    c->received++;
  }
  c->line_length = 0;
}

// Decodes head and chunks, whatever their borders are: a proxy may make other chunks of the same content. 1: complete.
static int take_stream(connection *c, char *p, size_t n, long events, int64_t t, int64_t *delays, size_t *count, size_t room, long *wrong) {
  char *end = p + n;
  while (p < end) {
    if (c->place == 0) {  // the head, line by line
      char byte = *p++;
      if (byte == '\n') {
        if (c->line_length == 0) c->place = 1;
        c->line_length = 0;
      } else if (byte != '\r') {
        c->line_length++;
      }
      c->chunk = 0;
    } else if (c->place == 1) {  // a chunk's size
      char byte = *p++;
      if (byte == '\n') {
        if (c->size_digits == 0) continue;
        c->size_digits = 0;
        if (c->chunk == 0) return c->received == events;
        c->place = 2;
      } else if (byte != '\r') {
        c->chunk = c->chunk * 16 + (byte <= '9' ? byte - '0' : (byte | 32) - 'a' + 10);
        c->size_digits++;
      }
    } else {
      size_t part = (size_t)(end - p) < c->chunk ? (size_t)(end - p) : c->chunk;
      c->chunk -= part;
      for (char *stop = p + part; p < stop;) {
        char *newline = memchr(p, '\n', (size_t)(stop - p));
        size_t piece = (size_t)((newline ? newline : stop) - p);
        if (c->line_length + piece < sizeof c->line) {
          memcpy(c->line + c->line_length, p, piece);
          c->line_length += piece;
        }
        p += piece + (newline ? 1 : 0);
        if (newline) take_line(c, t, delays, count, room, wrong);
      }
      if (c->chunk == 0) c->place = 1;
    }
  }
  return 0;
}

static void streams(int port, int connections, long events, long gap) {
  size_t length, count = 0, firsts = 0, room = (size_t)connections * (size_t)events + 1;
  char extra[64];
  snprintf(extra, sizeof extra, "x-events: %ld\r\nx-gap: %ld\r\n", events, gap);
  char *text = make_request(50000, extra, &length), *buffer = malloc(1 << 20);
  int64_t *delays = malloc(room * sizeof *delays), *first = malloc((size_t)connections * sizeof *first), start = now(), last = start;
  int left = connections;
  long wrong = 0;
  for (int i = 0; i < connections; i++) {
    connection *c = &all[i];
    *c = (connection){.fd = dial(port), .out = text, .out_length = length, .begun = now()};
    watch(c, EPOLLIN, EPOLL_CTL_ADD);
    if (flush(c) < 0) fail("send");
  }
  while (left > 0) {
    struct epoll_event ready[256];
    int n = epoll_wait(poller, ready, 256, 20000);
    if (n == 0) break;
    for (int i = 0; i < n; i++) {
      connection *c = ready[i].data.ptr;
      if (c->is_done) continue;
      if (ready[i].events & EPOLLOUT) {
        watch(c, EPOLLIN, EPOLL_CTL_MOD);
        if (flush(c) < 0) fail("send");
      }
      ssize_t got = recv(c->fd, buffer, 1 << 20, 0);
      if (got < 0 && errno == EAGAIN) continue;
      int64_t t = now();
      last = t;
      if (!c->first && got > 0) {
        c->first = t;
        first[firsts++] = t - c->begun;
      }
      if (got <= 0) {
        c->is_done = 1;
        left--;
        close(c->fd);
        continue;
      }
      if (take_stream(c, buffer, (size_t)got, events, t, delays, &count, room, &wrong)) c->is_done = 1;
      if (c->is_done) {
        left--;
        close(c->fd);
      }
    }
  }
  long total = 0;
  for (int i = 0; i < connections; i++) total += all[i].received;
  printf("%.0f %ld %.1f %.1f\n", (double)total / ((double)(last - start) / 1e9), (long)connections * events - total + wrong,
         share(first, firsts, .5), share(delays, count, .5));
}

static void uploads(int port, int count, size_t bytes) {
  size_t length;
  char *text = make_request(bytes, "x-reply: 1024\r\n", &length);
  int64_t start = now();
  connection *c = &all[0];
  *c = (connection){.fd = dial(port), .body_left = -1};
  watch(c, EPOLLIN, EPOLL_CTL_ADD);
  for (int i = 0; i < count; i++) {
    c->out = text;
    c->out_length = length;
    if (flush(c) < 0) fail("send");
    for (int whole = 0; !whole;) {
      struct epoll_event ready;
      if (epoll_wait(poller, &ready, 1, 60000) != 1) fail("wait");
      if (ready.events & EPOLLOUT) {
        watch(c, EPOLLIN, EPOLL_CTL_MOD);
        if (flush(c) < 0) fail("send");
      }
      if (ready.events & EPOLLIN && (whole = read_message(c)) < 0) fail("receive");
    }
    c->head_length = 0;
    c->body_left = -1;
  }
  printf("%.1f\n", count / ((double)(now() - start) / 1e9));
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  poller = epoll_create1(0);
  if (argc == 3 && !strcmp(argv[1], "engine")) engine(atoi(argv[2]));
  else if (argc == 7 && !strcmp(argv[1], "requests")) requests(atoi(argv[2]), atoi(argv[3]), atof(argv[4]), (size_t)atol(argv[5]), atol(argv[6]));
  else if (argc == 6 && !strcmp(argv[1], "streams")) streams(atoi(argv[2]), atoi(argv[3]), atol(argv[4]), atol(argv[5]));
  else if (argc == 5 && !strcmp(argv[1], "uploads")) uploads(atoi(argv[2]), atoi(argv[3]), (size_t)atol(argv[4]));
  else {
    fprintf(stderr, "usage: see the top of load.c\n");
    return 64;
  }
}
