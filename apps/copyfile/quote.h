// Names in messages, quoted as GNU programs quote them: what is between the quotes can be pasted into a shell, and no
// byte of a hostile name reaches the terminal as a control character.
#pragma once

#include <string>
#include <string_view>

namespace libcopyfile::app {

// Whether the environment asks for UTF-8 (LC_ALL, LC_CTYPE, LANG, in this order). Read without setlocale(3): loading
// the locale costs more than copying a small file.
bool locale_is_utf8();

// The length of the printable character that `text` begins with: 1 for printable ASCII, 2 to 4 for UTF-8 where `utf8`;
// 0 where the first byte is no part of one (controls, bytes that are no UTF-8, and characters that reorder or hide
// text).
size_t printable_length(std::string_view text, bool utf8);

// Always quoted: 'name', "it's", 'two'$'\n''lines'. Of iscsi:// URLs without user and password.
std::string quoted(std::string_view name, bool utf8 = locale_is_utf8());

// Quoted only where the name has something in it that a shell or a terminal would act on, as `ls` prints names.
std::string quoted_if_needed(std::string_view name, bool utf8 = locale_is_utf8());

}  // namespace libcopyfile::app
