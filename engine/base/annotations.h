// SPDX-License-Identifier: LGPL-2.1-or-later
/// Names for clang's thread-safety analysis; they expand to nothing under other compilers.
#pragma once

#if defined(__clang__)
#define DMASIM_TSA(x) __attribute__((x))
#else
#define DMASIM_TSA(x)
#endif

#define DMASIM_CAPABILITY(name) DMASIM_TSA(capability(name))
#define DMASIM_SCOPED_CAPABILITY DMASIM_TSA(scoped_lockable)
#define DMASIM_GUARDED_BY(mutex) DMASIM_TSA(guarded_by(mutex))
#define DMASIM_REQUIRES(...) DMASIM_TSA(requires_capability(__VA_ARGS__))
#define DMASIM_EXCLUDES(...) DMASIM_TSA(locks_excluded(__VA_ARGS__))
#define DMASIM_ACQUIRE(...) DMASIM_TSA(acquire_capability(__VA_ARGS__))
#define DMASIM_RELEASE(...) DMASIM_TSA(release_capability(__VA_ARGS__))
#define DMASIM_RETURN_CAPABILITY(mutex) DMASIM_TSA(lock_returned(mutex))
#define DMASIM_ACQUIRED_BEFORE(...) DMASIM_TSA(acquired_before(__VA_ARGS__))
