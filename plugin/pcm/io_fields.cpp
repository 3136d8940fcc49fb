// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin/pcm/io_fields.h"

namespace dmasim {

void IoFields::set_state(snd_pcm_state_t state) noexcept {
  __atomic_store_n(&io_.state, state, __ATOMIC_SEQ_CST);
}

snd_pcm_uframes_t IoFields::appl_ptr() const noexcept {
  return __atomic_load_n(&io_.appl_ptr, __ATOMIC_SEQ_CST);
}

void IoFields::set_appl_ptr(snd_pcm_uframes_t appl_ptr) noexcept {
  __atomic_store_n(&io_.appl_ptr, appl_ptr, __ATOMIC_SEQ_CST);
}

int IoFields::nonblock() const noexcept { return __atomic_load_n(&io_.nonblock, __ATOMIC_SEQ_CST); }

}  // namespace dmasim
