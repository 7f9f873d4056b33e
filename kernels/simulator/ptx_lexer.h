// Splits PTX text into tokens.
#pragma once

#include <string>
#include <string_view>

#include "kernels/simulator/simulator.h"

namespace nram::simulator {

struct Token {
  enum class Kind : uint8_t { kEnd, kWord, kNumber, kString, kPunctuation };
  Kind kind = Kind::kEnd;
  // Words keep their dots and scopes: ".reg", "ld.global.L1::no_allocate.f32", "%tid.x".
  std::string_view text;
  int line = 0;
  bool is(std::string_view other) const { return text == other && kind != Kind::kString; }
};

class PtxLexer {
 public:
  explicit PtxLexer(std::string_view text) : text_(text) { advance(); }

  const Token& token() const { return token_; }
  Token take();
  bool accept(std::string_view text);
  void expect(std::string_view text);
  // The text after the present token begins with a colon.
  bool colon_follows() const;
  uint64_t take_integer();  // of a non-negative literal

  // The start of the present token and going back to it.
  struct Place {
    size_t at;
    int line;
  };
  Place place() const { return {start_, token_.line}; }
  void go_to(Place place);
  size_t start() const { return start_; }
  std::string_view text() const { return text_; }
  // Moves past the bracket that closes the one at the present token.
  void skip_braces();

  [[noreturn]] void fail(const std::string& what) const;

 private:
  void advance();
  void skip_blanks();

  std::string_view text_;
  size_t at_ = 0, start_ = 0;
  int line_ = 1;
  Token token_;
};

}  // namespace nram::simulator
