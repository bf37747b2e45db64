// Preloaded under the thread sanitizer (scripts/sanitize). Synchronization.Mutex takes its fast path in our code, where
// the sanitizer sees it, and waits inside libswiftSynchronization, which is not instrumented: a lock that was fought for
// would look like none, and everything it guards like a race. Here its slow path is told to the sanitizer.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

typedef SWIFT void (*lock_function)(uint32_t, SELF);
typedef SWIFT _Bool (*try_function)(SELF);
typedef SWIFT void (*unlock_function)(SELF);

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock_slow(uint32_t thread, SELF mutex) __asm__(LOCK);
SWIFT void lock_slow(uint32_t thread, SELF mutex) {
  static lock_function original;
  if (!original) original = (lock_function)dlsym(RTLD_NEXT, LOCK);
  original(thread, mutex);
  if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT _Bool try_slow(SELF mutex) __asm__(TRY);
SWIFT _Bool try_slow(SELF mutex) {
  static try_function original;
  if (!original) original = (try_function)dlsym(RTLD_NEXT, TRY);
  _Bool taken = original(mutex);
  if (taken && __tsan_acquire) __tsan_acquire(mutex);
  return taken;
}

SWIFT void unlock_slow(SELF mutex) __asm__(UNLOCK);
SWIFT void unlock_slow(SELF mutex) {
  static unlock_function original;
  if (!original) original = (unlock_function)dlsym(RTLD_NEXT, UNLOCK);
  if (__tsan_release) __tsan_release(mutex);
  original(mutex);
}
