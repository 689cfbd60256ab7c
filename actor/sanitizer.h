/* sanitizer.h: whether this is built with a sanitizer whose runtime has the memory in its hands. gcc says so by a macro, clang by a feature. */
#ifndef TRACTOR_ACTOR_SANITIZER_H
#define TRACTOR_ACTOR_SANITIZER_H

#if defined(__has_feature)
#define TRI_HAS_FEATURE(feature) __has_feature(feature)
#else
#define TRI_HAS_FEATURE(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || TRI_HAS_FEATURE(address_sanitizer)
#define TRI_HAS_ADDRESS_SANITIZER 1
#else
#define TRI_HAS_ADDRESS_SANITIZER 0
#endif

#if defined(__SANITIZE_THREAD__) || TRI_HAS_FEATURE(thread_sanitizer)
#define TRI_HAS_THREAD_SANITIZER 1
#else
#define TRI_HAS_THREAD_SANITIZER 0
#endif

#define TRI_IS_SANITIZED (TRI_HAS_ADDRESS_SANITIZER || TRI_HAS_THREAD_SANITIZER)

#endif
