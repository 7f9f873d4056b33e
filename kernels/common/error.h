// The project's one exception type. A user's mistake (file, option, weight) says in one sentence
// what is wrong and what to do; everything else is an internal error that also names the place in
// the source.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace nram {

class Error : public std::runtime_error {
 public:
  enum class Kind { kUser, kInternal };
  Error(Kind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  // True for a user's mistake: the program ends with exit code 2 and the sentence alone.
  bool is_user_mistake() const { return kind_ == Kind::kUser; }

 private:
  Kind kind_;
};

// Joins the arguments as operator<< prints them.
template <class... Args>
std::string text(const Args&... args) {
  std::ostringstream stream;
  (stream << ... << args);
  return stream.str();
}

[[noreturn]] void throw_user(const std::string& message);
[[noreturn]] void throw_internal(const std::string& message, const char* file, int line);

// The user's mistake: NRAM_USER_CHECK(condition, "what is wrong and how to fix it", ...).
#define NRAM_USER_CHECK(condition, ...)                              \
  do {                                                               \
    if (!(condition)) ::nram::throw_user(::nram::text(__VA_ARGS__)); \
  } while (0)

// A programming error: names the source line.
#define NRAM_CHECK(condition, ...)                                                           \
  do {                                                                                       \
    if (!(condition)) ::nram::throw_internal(::nram::text(__VA_ARGS__), __FILE__, __LINE__); \
  } while (0)

}  // namespace nram
