#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CNcurses.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int pipe_ends[2] = {-1, -1};
static _Atomic int pipe_write_end = -1;

static const struct { int number; unsigned char event; } reported[] = {
  {SIGWINCH, CN_EVENT_WINCH}, {SIGTSTP, CN_EVENT_TSTP}, {SIGCONT, CN_EVENT_CONT}, {SIGINT, CN_EVENT_INT},
  {SIGTERM, CN_EVENT_TERM}, {SIGQUIT, CN_EVENT_TERM}, {SIGHUP, CN_EVENT_HUP},
};
enum { REPORTED = sizeof reported / sizeof *reported };
static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
enum { FATAL = sizeof fatal / sizeof *fatal };

static struct sigaction reported_before[REPORTED];
static struct sigaction fatal_before[FATAL];
static bool reported_taken[REPORTED];
static bool installed;

void cn_signals_notify(unsigned char event) {
  int before = errno;
  int fd = atomic_load(&pipe_write_end);
  // A full pipe already wakes the reader; losing a repeated event loses nothing.
  if (fd >= 0 && write(fd, &event, 1) < 0) errno = before;
  errno = before;
}

static void on_reported(int number) {
  for (int i = 0; i < REPORTED; i++)
    if (reported[i].number == number) cn_signals_notify(reported[i].event);
}

// --- the terminal's modes and the way out of a crash ---

static struct termios saved_modes;
static _Atomic bool modes_saved;
static _Atomic int rescue_fd = -1;
static char rescue_bytes[1024];
static size_t rescue_count;
static pid_t rescue_owner;

bool cn_tty_save(int fd) {
  if (tcgetattr(fd, &saved_modes) != 0) return false;
  atomic_store(&modes_saved, true);
  return true;
}

bool cn_tty_raw(int fd) {
  struct termios modes;
  if (tcgetattr(fd, &modes) != 0) return false;
  modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHOE | ECHOK | ECHONL);
  modes.c_lflag |= ISIG;
  // ^S would freeze the screen and look like a hang; ^\ would dump core.
  modes.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | IGNCR | ISTRIP);
  // A line feed moves straight down, as curses is told by nonl().
  modes.c_oflag &= ~(tcflag_t)OPOST;
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  modes.c_cc[VQUIT] = _POSIX_VDISABLE;
  return tcsetattr(fd, TCSANOW, &modes) == 0;
}

bool cn_tty_restore(int fd) {
  return atomic_load(&modes_saved) && tcsetattr(fd, TCSANOW, &saved_modes) == 0;
}

void cn_rescue_arm(int fd, const char *bytes, size_t count) {
  atomic_store(&rescue_fd, -1);
  rescue_count = count < sizeof rescue_bytes ? count : sizeof rescue_bytes;
  memcpy(rescue_bytes, bytes, rescue_count);
  rescue_owner = getpid();
  atomic_store(&rescue_fd, fd);
}

void cn_rescue_disarm(void) { atomic_store(&rescue_fd, -1); }

// Only async-signal-safe calls. A terminal that takes nothing for 300 ms is given up.
static void rescue(void) {
  int fd = atomic_exchange(&rescue_fd, -1);
  if (fd < 0 || getpid() != rescue_owner) return;
  size_t done = 0;
  while (done < rescue_count) {
    ssize_t n = write(fd, rescue_bytes + done, rescue_count - done);
    if (n > 0) {
      done += (size_t)n;
    } else if (n < 0 && errno == EAGAIN) {
      struct pollfd wait = {.fd = fd, .events = POLLOUT};
      if (poll(&wait, 1, 300) <= 0) break;
    } else if (!(n < 0 && errno == EINTR)) {
      break;
    }
  }
  if (atomic_load(&modes_saved)) tcsetattr(fd, TCSANOW, &saved_modes);
}

static void on_fatal(int number) {
  rescue();
  for (int i = 0; i < FATAL; i++)
    if (fatal[i] == number) sigaction(number, &fatal_before[i], NULL);
  // The instruction that trapped runs again, now under the handler that was there before us; a
  // signal that was sent is sent again.
  raise(number);
}

int cn_signals_install(void) {
  if (installed) return -1;
  // Made once and never closed: another thread may be about to write into it at any time.
  if (pipe_ends[0] < 0 && pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
  char old[64];
  while (read(pipe_ends[0], old, sizeof old) > 0) {}
  atomic_store(&pipe_write_end, pipe_ends[1]);
  static bool at_exit;
  if (!at_exit) at_exit = atexit(rescue) == 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigfillset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  action.sa_handler = on_reported;
  for (int i = 0; i < REPORTED; i++) {
    sigaction(reported[i].number, NULL, &reported_before[i]);
    // nohup, and a parent that ignores ^C, are to be respected.
    reported_taken[i] = reported_before[i].sa_handler != SIG_IGN || reported[i].number == SIGWINCH;
    if (reported_taken[i]) sigaction(reported[i].number, &action, NULL);
  }
  action.sa_flags = SA_ONSTACK;
  action.sa_handler = on_fatal;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < FATAL; i++) sigaction(fatal[i], &action, &fatal_before[i]);
  // A thread that Dispatch or a parent made may have these blocked; the session's thread must not.
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int i = 0; i < REPORTED; i++) sigaddset(&wanted, reported[i].number);
  pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
  installed = true;
  return pipe_ends[0];
}

void cn_signals_remove(bool hung_up) {
  if (!installed) return;
  for (int i = 0; i < REPORTED; i++) {
    if (!reported_taken[i]) continue;
    // A terminal that goes away is seen on its descriptor before the kernel has sent SIGHUP for it.
    if (hung_up && reported[i].number == SIGHUP) {
      signal(SIGHUP, SIG_IGN);
    } else {
      sigaction(reported[i].number, &reported_before[i], NULL);
    }
  }
  for (int i = 0; i < FATAL; i++) sigaction(fatal[i], &fatal_before[i], NULL);
  atomic_store(&pipe_write_end, -1);
  installed = false;
}

void cn_stop_self(void) { raise(SIGSTOP); }
