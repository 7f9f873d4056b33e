#include <cstdlib>

#include "kernels/simulator/ptx_parser.h"

namespace nram::simulator {

namespace {

using Kind = OperandSyntax::Kind;

struct SpecialName {
  std::string_view text;
  uint8_t bytes;
};
#define NRAM_NAME(name, spelling, bytes) {spelling, bytes},
constexpr SpecialName kSpecialNames[] = {NRAM_PTX_SPECIAL_REGISTERS(NRAM_NAME)};
#undef NRAM_NAME

}  // namespace

int PtxParser::new_register(uint8_t bytes) {
  kernel_->register_bytes.push_back(bytes);
  return static_cast<int>(kernel_->register_bytes.size()) - 1;
}

int PtxParser::find_register(std::string_view name) {
  size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') --digits;
  const std::string_view prefix = name.substr(0, digits);
  int number = -1;
  if (digits < name.size() && name.size() - digits < 9) {
    number = std::atoi(std::string(name.substr(digits)).c_str());
  }
  for (size_t i = scopes_.size(); i-- > first_scope_;) {
    const Scope& scope = scopes_[i];
    if (!scope.registers.empty()) {
      const auto found = scope.registers.find(name);
      if (found != scope.registers.end()) return found->second;
    }
    if (number < 0) continue;
    for (const RegisterRange& range : scope.ranges) {
      if (range.prefix == prefix && number < range.count) return range.first + number;
    }
  }
  return name.substr(0, 1) == "%" ? special_register(name) : -1;
}

int PtxParser::special_register(std::string_view name) {
  for (size_t i = 0; i < std::size(kSpecialNames); ++i) {
    if (kSpecialNames[i].text != name) continue;
    const auto which = static_cast<SpecialRegister>(i);
    for (const auto& [known, id] : kernel_->special_registers) {
      if (known == which) return id;
    }
    kernel_->special_registers.emplace_back(which, new_register(kSpecialNames[i].bytes));
    return kernel_->special_registers.back().second;
  }
  return -1;
}

Variable* PtxParser::find_variable(std::string_view name) {
  for (size_t i = scopes_.size(); i-- > first_scope_;) {
    const auto found = scopes_[i].variables.find(name);
    if (found != scopes_[i].variables.end()) return found->second;
  }
  return find_module_variable(name);
}

OperandSyntax PtxParser::number(bool negative) {
  if (lexer_.token().kind != Token::Kind::kNumber) lexer_.fail("expected a number");
  OperandSyntax result;
  result.kind = Kind::kInteger;
  const std::string text(lexer_.token().text);
  const char second = text.size() > 1 ? text[1] : '0';
  if (text[0] == '0' && (second == 'f' || second == 'F' || second == 'd' || second == 'D')) {
    result.value = std::strtoull(text.c_str() + 2, nullptr, 16);
    if (negative) result.value ^= uint64_t{1} << (second == 'f' || second == 'F' ? 31 : 63);
    lexer_.take();
  } else if (text.find('.') != std::string::npos) {
    result.kind = Kind::kReal;
    result.real = std::strtod(text.c_str(), nullptr) * (negative ? -1 : 1);
    lexer_.take();
  } else {
    result.value = lexer_.take_integer();
    if (negative) result.value = 0 - result.value;
  }
  return result;
}

OperandSyntax PtxParser::named(std::string_view name) {
  OperandSyntax result;
  result.name = name;
  if (name == "_") return result;
  if (name == "WARP_SZ") {
    result.kind = Kind::kInteger;
    result.value = 32;
    return result;
  }
  result.register_id = find_register(name);
  if (result.register_id >= 0) {
    result.kind = Kind::kRegister;
    return result;
  }
  if (name[0] == '%') lexer_.fail("unknown register " + std::string(name) + " before");
  result.variable = find_variable(name);
  result.kind = result.variable != nullptr ? Kind::kSymbol : Kind::kLabel;
  if (result.variable != nullptr) {
    if (lexer_.accept("+")) result.value = lexer_.take_integer();
    if (lexer_.token().is("-")) {
      lexer_.take();
      result.value = 0 - lexer_.take_integer();
    }
  }
  return result;
}

// After '['.
OperandSyntax PtxParser::address() {
  OperandSyntax result;
  result.kind = Kind::kAddress;
  if (lexer_.token().kind == Token::Kind::kNumber || lexer_.token().is("-")) {
    const bool negative = lexer_.accept("-");
    result.value = number(negative).value;
  } else {
    OperandSyntax base = named(lexer_.take().text);
    if (base.kind == Kind::kLabel)
      lexer_.fail("unknown name " + std::string(base.name) + " before");
    result.register_id = base.register_id;
    result.variable = base.variable;
    result.value = base.value;
  }
  while (lexer_.token().is("+") || lexer_.token().is("-")) {
    const bool minus = lexer_.take().text == "-";
    const bool negative = lexer_.accept("-") != minus;
    const uint64_t offset = lexer_.take_integer();
    result.value += negative ? 0 - offset : offset;
  }
  lexer_.expect("]");
  return result;
}

void PtxParser::operand_list(OperandSyntax& list, std::string_view end) {
  list.kind = Kind::kVector;
  while (!lexer_.accept(end)) {
    list.parts.push_back(operand());
    if (!lexer_.token().is(end)) lexer_.expect(",");
  }
}

OperandSyntax PtxParser::operand() {
  if (lexer_.accept("[")) return address();
  OperandSyntax result;
  if (lexer_.accept("{")) {
    operand_list(result, "}");
    return result;
  }
  if (lexer_.accept("(")) {
    operand_list(result, ")");
    return result;
  }
  if (lexer_.accept("!")) {
    result = operand();
    result.negated = !result.negated;
    return result;
  }
  if (lexer_.token().is("-")) {
    lexer_.take();
    return number(true);
  }
  if (lexer_.token().kind == Token::Kind::kNumber) return number(false);
  if (lexer_.token().kind != Token::Kind::kWord) lexer_.fail("expected an operand");
  result = named(lexer_.take().text);
  if (lexer_.accept("|")) {
    OperandSyntax pair;
    pair.kind = Kind::kPair;
    pair.parts.push_back(result);
    pair.parts.push_back(named(lexer_.take().text));
    return pair;
  }
  return result;
}

}  // namespace nram::simulator
