// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is written from the table of keys: definitions for an ALSA conf, and tables for documents.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dmasim {

/// A definition or a table. Names of definitions are `pcm.dmasim`, `pcm.dmasim_loop` and
/// `ctl.dmasim`. Names of tables are `pcm arguments`, `ctl arguments` and `keys of blocks only`.
/// Empty if there is none of that name.
[[nodiscard]] std::optional<std::string> key_text(std::string_view name);

/// `text` with its key texts written anew. They are where these lines are:
///   # keys: NAME             becomes that text
///   <!-- keys: NAME -->      stays, and the lines of the table below it become that text
/// Empty if it has no such line, or one with a name that does not exist.
[[nodiscard]] std::optional<std::string> with_key_texts(std::string_view text);

}  // namespace dmasim
