// The parser of PTX modules and function bodies. Functions that are called are expanded where they
// are called: their parameters become local memory of the caller.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernels/simulator/ptx_lexer.h"
#include "kernels/simulator/ptx_syntax.h"

namespace nram::simulator {

class PtxParser {
 public:
  explicit PtxParser(std::string_view ptx) : lexer_(ptx) {}
  ModuleSyntax parse();

 private:
  struct Function {
    std::vector<std::string_view> results, parameters;
    PtxLexer::Place body{0, 0};
    bool defined = false;
  };
  struct RegisterRange {
    std::string_view prefix;
    int count = 0, first = 0;
  };
  // What a pair of braces declares.
  struct Scope {
    std::unordered_map<std::string_view, int> registers;
    std::unordered_map<std::string_view, Variable*> variables;
    std::vector<RegisterRange> ranges;
  };
  struct Branch {
    size_t statement;
    std::string_view label;
    int slot;  // -1: the target; else index in targets
  };
  // The names of one function body.
  struct Body {
    size_t first_scope = 0;
    std::unordered_map<std::string_view, int> labels;
    std::unordered_map<std::string_view, std::vector<std::string_view>> label_lists;
    std::vector<Branch> branches;
    std::vector<size_t> returns;  // statements that jump to the end; only of an expanded function
    bool expanded = false;
  };
  struct Location {
    int file = 0, line = 0;
  };

  // ptx_parser.cpp: the module
  void module_directive();
  void file_directive();
  void entry_header();
  void kernel_parameters();
  void kernel_directives();
  void function_header();
  std::vector<std::string_view> function_parameters();
  Variable variable_declaration(Space space);
  void initial_values(Variable& variable, uint8_t bytes);
  void initial_value(Variable& variable, uint8_t bytes, uint64_t& at);
  Variable* find_module_variable(std::string_view name);

  // ptx_body.cpp: function bodies
  void body(Body& body);
  void body_item(Body& body);
  void register_declaration();
  void body_variable(Space space);
  void location_directive();
  void label(Body& body);
  void instruction(Body& body);
  void call(Body& body, Statement statement);
  void expand(const Function& function, const std::vector<Variable*>& results,
              const std::vector<Variable*>& parameters);
  std::vector<Variable*> call_arguments();
  void finish_body(Body& body);
  void skip_to_semicolon();

  // ptx_operand.cpp
  OperandSyntax operand();
  OperandSyntax number(bool negative);
  OperandSyntax named(std::string_view name);
  OperandSyntax address();
  void operand_list(OperandSyntax& list, std::string_view end);
  int find_register(std::string_view name);
  Variable* find_variable(std::string_view name);
  int special_register(std::string_view name);
  int new_register(uint8_t bytes);

  PtxLexer lexer_;
  ModuleSyntax module_;
  std::unordered_map<std::string_view, Variable*> module_variables_;
  std::unordered_map<std::string_view, Function> functions_;
  std::vector<std::pair<KernelSyntax*, PtxLexer::Place>> kernel_bodies_;
  KernelSyntax* kernel_ = nullptr;
  std::vector<Scope> scopes_;
  size_t first_scope_ = 0;
  Location location_;
  std::vector<std::string_view> calls_;  // functions being expanded
};

}  // namespace nram::simulator
