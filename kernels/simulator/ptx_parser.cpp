#include "kernels/simulator/ptx_parser.h"

#include <algorithm>
#include <cstring>

namespace nram::simulator {

ModuleSyntax parse_ptx(std::string_view ptx) { return PtxParser(ptx).parse(); }

ModuleSyntax PtxParser::parse() {
  while (lexer_.token().kind != Token::Kind::kEnd) module_directive();
  // Bodies come last, when every function and variable is known.
  for (const auto& [kernel, place] : kernel_bodies_) {
    kernel_ = kernel;
    lexer_.go_to(place);
    scopes_.assign(1, {});
    first_scope_ = 0;
    for (Variable& parameter : kernel->variables) {
      scopes_[0].variables.emplace(parameter.name, &parameter);
    }
    Body whole;
    body(whole);
  }
  return std::move(module_);
}

void PtxParser::module_directive() {
  if (lexer_.token().kind != Token::Kind::kWord || lexer_.token().text[0] != '.') {
    lexer_.fail("expected a directive");
  }
  const std::string_view directive = lexer_.take().text;
  if (directive == ".version" || directive == ".address_size") {
    lexer_.take();
  } else if (directive == ".target") {
    const std::string name(lexer_.take().text);  // sm_90a
    if (name.size() > 3) module_.target = std::atoi(name.c_str() + 3);
    while (lexer_.accept(",")) lexer_.take();
  } else if (directive == ".file") {
    file_directive();
  } else if (directive == ".visible" || directive == ".weak" || directive == ".extern" ||
             directive == ".common") {
    // Linkage means nothing in a whole module.
  } else if (directive == ".entry") {
    entry_header();
  } else if (directive == ".func") {
    function_header();
  } else if (directive == ".global" || directive == ".const" || directive == ".shared") {
    const Space space = directive == ".global"  ? Space::kGlobal
                        : directive == ".const" ? Space::kConstant
                                                : Space::kShared;
    module_.variables.push_back(variable_declaration(space));
    lexer_.expect(";");
    Variable& variable = module_.variables.back();
    module_variables_[std::string_view(variable.name)] = &variable;
  } else if (directive == ".section") {
    while (!lexer_.token().is("{")) lexer_.take();
    lexer_.skip_braces();
  } else if (directive == ".pragma" || directive == ".alias") {
    skip_to_semicolon();
  } else {
    lexer_.fail("unknown directive " + std::string(directive) + " before");
  }
}

void PtxParser::file_directive() {
  const int index = static_cast<int>(lexer_.take_integer());
  module_.files[index] = std::string(lexer_.take().text);
  while (lexer_.accept(",")) lexer_.take();
}

void PtxParser::entry_header() {
  module_.kernels.emplace_back();
  kernel_ = &module_.kernels.back();
  kernel_->kernel.name = std::string(lexer_.take().text);
  if (lexer_.accept("(")) kernel_parameters();
  kernel_directives();
  if (lexer_.accept(";")) {  // declared only
    module_.kernels.pop_back();
    return;
  }
  kernel_bodies_.emplace_back(kernel_, lexer_.place());
  lexer_.skip_braces();
}

void PtxParser::kernel_parameters() {
  while (!lexer_.accept(")")) {
    lexer_.expect(".param");
    Variable parameter;
    parameter.space = Space::kParameter;
    uint32_t alignment = 0;
    uint8_t bytes = 0;
    while (lexer_.token().text[0] == '.') {
      const std::string_view word = lexer_.take().text;
      const Type type = type_named(word.substr(1));
      if (type != Type::kNone) {
        bytes = bytes_of(type);
      } else if (word == ".align") {
        // After .ptr it is the pointee's alignment, before the name of an array the array's.
        alignment = static_cast<uint32_t>(lexer_.take_integer());
      }
    }
    if (bytes == 0) lexer_.fail("a parameter without a type");
    parameter.name = std::string(lexer_.take().text);
    parameter.bytes = bytes;
    parameter.alignment = bytes;
    if (lexer_.accept("[")) {
      parameter.bytes = bytes * lexer_.take_integer();
      parameter.alignment = std::max<uint32_t>(alignment, bytes);
      lexer_.expect("]");
    }
    Kernel& kernel = kernel_->kernel;
    const uint32_t offset = (kernel.parameter_bytes + parameter.alignment - 1) /
                            parameter.alignment * parameter.alignment;
    parameter.address = offset;
    kernel.parameters.push_back({offset, static_cast<uint32_t>(parameter.bytes)});
    kernel.parameter_bytes = offset + static_cast<uint32_t>(parameter.bytes);
    kernel_->variables.push_back(std::move(parameter));
    lexer_.accept(",");
  }
}

void PtxParser::kernel_directives() {
  Kernel& kernel = kernel_->kernel;
  while (lexer_.token().text.substr(0, 1) == ".") {
    const std::string_view directive = lexer_.take().text;
    uint32_t values[3] = {1, 1, 1};
    int count = 0;
    while (lexer_.token().kind == Token::Kind::kNumber && count < 3) {
      values[count++] = static_cast<uint32_t>(lexer_.take_integer());
      if (!lexer_.accept(",")) break;
    }
    if (directive == ".maxntid") {
      kernel.most_threads = values[0] * values[1] * values[2];
    } else if (directive == ".reqntid") {
      kernel.required_block = {values[0], values[1], values[2]};
    } else if (directive == ".minnctapersm") {
      kernel.minimum_blocks = values[0];
    } else if (directive == ".pragma") {
      skip_to_semicolon();
    } else if (directive == ".reqnctapercluster" && values[0] * values[1] * values[2] > 1) {
      Statement refused;
      refused.refusal = "thread block clusters are not simulated";
      refused.name = directive;
      refused.ptx_line = lexer_.token().line;
      kernel_->statements.push_back(std::move(refused));
    }
  }
}

std::vector<std::string_view> PtxParser::function_parameters() {
  std::vector<std::string_view> names;
  lexer_.expect("(");
  while (!lexer_.accept(")")) {
    std::string_view last;
    while (!lexer_.token().is(",") && !lexer_.token().is(")")) {
      if (lexer_.token().kind == Token::Kind::kEnd) lexer_.fail("a parameter list without its end");
      const Token token = lexer_.take();
      if (token.kind == Token::Kind::kWord && token.text[0] != '.') last = token.text;
    }
    names.push_back(last);
    lexer_.accept(",");
  }
  return names;
}

void PtxParser::function_header() {
  Function function;
  if (lexer_.accept(".attribute")) function_parameters();
  if (lexer_.token().is("(")) function.results = function_parameters();
  const std::string_view name = lexer_.take().text;
  if (lexer_.token().is("(")) function.parameters = function_parameters();
  while (!lexer_.token().is("{") && !lexer_.token().is(";")) {
    if (lexer_.token().kind == Token::Kind::kEnd) lexer_.fail("a function without its body");
    lexer_.take();  // .noreturn and its kin
  }
  if (!lexer_.accept(";")) {
    function.defined = true;
    function.body = lexer_.place();
    lexer_.skip_braces();
  }
  Function& known = functions_[name];
  if (!known.defined) known = function;
}

// After the state space: [.attribute(...)] [.align n] .type name[n][m] [= values].
Variable PtxParser::variable_declaration(Space space) {
  Variable variable;
  variable.space = space;
  uint64_t vector = 1;
  uint8_t bytes = 0;
  while (lexer_.token().text.substr(0, 1) == ".") {
    const std::string_view word = lexer_.take().text;
    const Type type = type_named(word.substr(1));
    if (word == ".align") {
      variable.alignment = static_cast<uint32_t>(lexer_.take_integer());
    } else if (word == ".v2" || word == ".v4") {
      vector = word == ".v2" ? 2 : 4;
    } else if (word == ".attribute") {
      function_parameters();
    } else if (type != Type::kNone && bytes_of(type) > 0) {
      bytes = bytes_of(type);
    } else {
      lexer_.fail("unknown word " + std::string(word) + " of a declaration before");
    }
  }
  if (bytes == 0) lexer_.fail("a variable without a type");
  variable.alignment = std::max<uint32_t>(variable.alignment, bytes);
  variable.name = std::string(lexer_.take().text);
  uint64_t count = vector;
  while (lexer_.accept("[")) {
    if (lexer_.accept("]")) {
      variable.dynamic = true;
    } else {
      count *= lexer_.take_integer();
      lexer_.expect("]");
    }
  }
  variable.bytes = variable.dynamic ? 0 : count * bytes;
  if (lexer_.accept("=")) initial_values(variable, bytes);
  return variable;
}

void PtxParser::initial_values(Variable& variable, uint8_t bytes) {
  uint64_t at = 0;
  int depth = 0;
  variable.initial.resize(variable.bytes);
  do {
    if (lexer_.accept("{")) {
      ++depth;
    } else if (lexer_.accept("}")) {
      --depth;
      if (depth > 0) lexer_.accept(",");
    } else {
      if (variable.dynamic) variable.initial.resize(at + bytes);
      initial_value(variable, bytes, at);
      if (depth > 0) lexer_.accept(",");
    }
  } while (depth > 0);
  if (variable.dynamic) variable.bytes = variable.initial.size();
  variable.dynamic = false;
}

// A number, or a variable's address: generic(name)+8.
void PtxParser::initial_value(Variable& variable, uint8_t bytes, uint64_t& at) {
  if (at + bytes > variable.initial.size()) lexer_.fail("more initial values than elements");
  if (lexer_.token().kind == Token::Kind::kWord) {
    std::string_view name = lexer_.take().text;
    if (name == "generic") {
      lexer_.expect("(");
      name = lexer_.take().text;
      lexer_.expect(")");
    }
    const uint64_t addend = lexer_.accept("+") ? lexer_.take_integer() : 0;
    variable.relocations.push_back({at, std::string(name), addend, bytes});
  } else {
    const bool negative = lexer_.accept("-");
    const OperandSyntax value = number(negative);
    uint64_t bits = value.value;
    if (value.kind == OperandSyntax::Kind::kReal) {
      const auto single = static_cast<float>(value.real);
      bits = 0;
      std::memcpy(&bits, bytes == 4 ? static_cast<const void*>(&single) : &value.real, bytes);
    }
    std::memcpy(variable.initial.data() + at, &bits, bytes);
  }
  at += bytes;
}

Variable* PtxParser::find_module_variable(std::string_view name) {
  const auto found = module_variables_.find(name);
  return found == module_variables_.end() ? nullptr : found->second;
}

}  // namespace nram::simulator
