#include "kernels/simulator/ptx_lexer.h"

#include <cstdlib>

namespace nram::simulator {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         c == '.' || c == '%';
}

}  // namespace

void PtxLexer::skip_blanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\0') {
      ++at_;
    } else if (text_.substr(at_, 2) == "//") {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (text_.substr(at_, 2) == "/*") {
      const size_t end = std::min(text_.find("*/", at_), text_.size());
      for (; at_ < end; ++at_) line_ += text_[at_] == '\n';
      at_ = std::min(at_ + 2, text_.size());
    } else {
      return;
    }
  }
}

void PtxLexer::advance() {
  skip_blanks();
  start_ = at_;
  token_ = {Token::Kind::kEnd, {}, line_};
  if (at_ >= text_.size()) return;
  const char first = text_[at_];
  if (first == '"') {
    const size_t end = text_.find('"', at_ + 1);
    if (end == std::string_view::npos) fail("a string without its end");
    token_.kind = Token::Kind::kString;
    token_.text = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return;
  }
  if (!is_word(first)) {
    token_.kind = Token::Kind::kPunctuation;
    token_.text = text_.substr(at_++, 1);
    return;
  }
  while (at_ < text_.size()) {
    if (is_word(text_[at_])) {
      ++at_;
    } else if (text_.substr(at_, 2) == "::" && at_ + 2 < text_.size() && is_word(text_[at_ + 2])) {
      at_ += 2;
    } else {
      break;
    }
  }
  token_.text = text_.substr(start_, at_ - start_);
  token_.kind = is_digit(first) ? Token::Kind::kNumber : Token::Kind::kWord;
}

Token PtxLexer::take() {
  const Token token = token_;
  advance();
  return token;
}

bool PtxLexer::accept(std::string_view text) {
  if (!token_.is(text)) return false;
  advance();
  return true;
}

void PtxLexer::expect(std::string_view text) {
  if (!accept(text)) fail("expected '" + std::string(text) + "'");
}

bool PtxLexer::colon_follows() const {
  size_t at = at_;
  while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t')) ++at;
  return at < text_.size() && text_[at] == ':';
}

uint64_t PtxLexer::take_integer() {
  if (token_.kind != Token::Kind::kNumber) fail("expected a number");
  const std::string text(take().text);
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'b' || text[1] == 'B')) {
    return std::strtoull(text.c_str() + 2, nullptr, 2);
  }
  return std::strtoull(text.c_str(), nullptr, 0);
}

void PtxLexer::go_to(Place place) {
  at_ = place.at;
  line_ = place.line;
  advance();
}

void PtxLexer::skip_braces() {
  int depth = 0;
  do {
    if (token_.kind == Token::Kind::kEnd) fail("a brace without its end");
    if (token_.is("{")) ++depth;
    if (token_.is("}")) --depth;
    advance();
  } while (depth > 0);
}

void PtxLexer::fail(const std::string& what) const {
  throw PtxError("PTX line " + std::to_string(token_.line) + ": " + what +
                 (token_.kind == Token::Kind::kEnd ? std::string(" at the end of the text")
                                                   : " at '" + std::string(token_.text) + "'"));
}

}  // namespace nram::simulator
