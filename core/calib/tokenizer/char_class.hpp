#pragma once

namespace ar::calib {

bool is_whitespace(char32_t c);       // property White_Space
bool is_numeric(char32_t c);          // Nd, Nl, No
bool is_punctuation(char32_t c);      // ASCII punctuation (symbols such as $ included) and categories P*
bool is_word(char32_t c);             // Alphabetic, marks, Nd, Pc, Join_Control: \w of UTS 18
bool is_mark(char32_t c);             // Mn, Mc, Me
bool is_nonspacing_mark(char32_t c);  // Mn
bool is_other(char32_t c);            // Cc, Cf, Co
bool is_cjk_ideograph(char32_t c);    // the blocks BERT puts blanks around

}  // namespace ar::calib
