#include <algorithm>

#include "kernels/simulator/ptx_parser.h"

namespace nram::simulator {

void PtxParser::skip_to_semicolon() {
  while (!lexer_.token().is(";")) {
    if (lexer_.token().kind == Token::Kind::kEnd) lexer_.fail("expected ';'");
    lexer_.take();
  }
  lexer_.take();
}

void PtxParser::body(Body& body) {
  lexer_.expect("{");
  scopes_.emplace_back();
  const size_t outermost = scopes_.size();
  while (true) {
    if (lexer_.token().kind == Token::Kind::kEnd) lexer_.fail("a body without its end");
    if (lexer_.accept("{")) {
      scopes_.emplace_back();
    } else if (lexer_.token().is("}")) {
      const bool last = scopes_.size() == outermost;
      scopes_.pop_back();
      if (last) break;
      lexer_.take();
    } else {
      body_item(body);
    }
  }
  if (!body.expanded) {  // running off the end is an exit
    Statement end;
    end.form.opcode = Opcode::kExit;
    end.name = end.text = "exit";
    end.file = location_.file;
    end.line = location_.line;
    kernel_->statements.push_back(std::move(end));
  }
  finish_body(body);
}

void PtxParser::body_item(Body& body) {
  const std::string_view word = lexer_.token().text;
  if (word[0] != '.') {
    if (lexer_.token().kind == Token::Kind::kWord && lexer_.colon_follows()) {
      label(body);
    } else {
      instruction(body);
    }
    return;
  }
  lexer_.take();
  if (word == ".reg") {
    register_declaration();
  } else if (word == ".shared") {
    body_variable(Space::kShared);
  } else if (word == ".local" || word == ".param") {
    // Parameters declared in a body are arguments of a call: storage of the calling thread.
    body_variable(Space::kLocal);
  } else if (word == ".loc") {
    location_directive();
  } else if (word == ".pragma") {
    skip_to_semicolon();
  } else {
    lexer_.fail("unknown directive " + std::string(word) + " before");
  }
}

void PtxParser::register_declaration() {
  const Type type = type_named(lexer_.take().text.substr(1));
  if (type == Type::kNone) lexer_.fail("registers of an unknown type before");
  do {
    const std::string_view name = lexer_.take().text;
    if (lexer_.accept("<")) {
      const int count = static_cast<int>(lexer_.take_integer());
      lexer_.expect(">");
      const int first = static_cast<int>(kernel_->register_bytes.size());
      kernel_->register_bytes.resize(static_cast<size_t>(first + count), bytes_of(type));
      scopes_.back().ranges.push_back({name, count, first});
    } else {
      scopes_.back().registers[name] = new_register(bytes_of(type));
    }
  } while (lexer_.accept(","));
  lexer_.expect(";");
}

void PtxParser::body_variable(Space space) {
  kernel_->variables.push_back(variable_declaration(space));
  Variable& variable = kernel_->variables.back();
  lexer_.expect(";");
  if (space == Space::kLocal) {
    Kernel& kernel = kernel_->kernel;
    variable.address =
        (kernel.local_bytes + variable.alignment - 1) / variable.alignment * variable.alignment;
    kernel.local_bytes = static_cast<uint32_t>(variable.address + variable.bytes);
  }
  scopes_.back().variables[variable.name] = &variable;
}

// .loc file line column [, function_name label, inlined_at file line column], to the line's end.
void PtxParser::location_directive() {
  const int text_line = lexer_.token().line;
  location_.file = static_cast<int>(lexer_.take_integer());
  location_.line = static_cast<int>(lexer_.take_integer());
  while (lexer_.token().kind != Token::Kind::kEnd && lexer_.token().line == text_line) {
    lexer_.take();
  }
}

void PtxParser::label(Body& body) {
  const std::string_view name = lexer_.take().text;
  lexer_.expect(":");
  if (lexer_.accept(".branchtargets")) {
    std::vector<std::string_view>& list = body.label_lists[name];
    do {
      list.push_back(lexer_.take().text);
    } while (lexer_.accept(","));
    lexer_.expect(";");
  } else if (lexer_.token().is(".callprototype") || lexer_.token().is(".calltargets")) {
    skip_to_semicolon();
  } else {
    body.labels[name] = static_cast<int>(kernel_->statements.size());
  }
}

void PtxParser::instruction(Body& body) {
  Statement statement;
  statement.file = location_.file;
  statement.line = location_.line;
  statement.ptx_line = lexer_.token().line;
  const size_t start = lexer_.start();
  if (lexer_.accept("@")) {
    statement.guard_negated = lexer_.accept("!");
    statement.guard = find_register(lexer_.take().text);
    if (statement.guard < 0) lexer_.fail("unknown guard before");
  }
  if (lexer_.token().kind != Token::Kind::kWord) lexer_.fail("expected an instruction");
  statement.name = lexer_.take().text;
  std::string unknown;
  if (!parse_form(statement.name, statement.form, unknown)) {
    statement.refusal = "'" + unknown + "' of " + std::string(statement.name) + " is not simulated";
    while (!lexer_.token().is(";") && lexer_.token().kind != Token::Kind::kEnd) lexer_.take();
  } else if (statement.form.opcode == Opcode::kCall) {
    call(body, std::move(statement));
    return;
  } else {
    while (!lexer_.token().is(";")) {
      statement.operands.push_back(operand());
      if (!lexer_.token().is(";")) lexer_.expect(",");
    }
  }
  statement.text = lexer_.text().substr(start, lexer_.start() - start);
  const size_t index = kernel_->statements.size();
  const bool jumps = statement.form.opcode == Opcode::kBra || statement.form.opcode == Opcode::kBrx;
  if (statement.refusal.empty() && jumps) {
    const size_t at = statement.form.opcode == Opcode::kBra ? 0 : 1;
    if (statement.operands.size() <= at || statement.operands[at].name.empty()) {
      lexer_.fail("a branch without a label before");
    }
    const std::string_view name = statement.operands[at].name;
    if (at == 0) body.branches.push_back({index, name, -1});
    if (at == 1) body.branches.push_back({index, name, 0});
  }
  if (statement.form.opcode == Opcode::kRet && body.expanded) {
    statement.form.opcode = Opcode::kBra;
    body.returns.push_back(index);
  }
  kernel_->statements.push_back(std::move(statement));
  lexer_.expect(";");
}

std::vector<Variable*> PtxParser::call_arguments() {
  std::vector<Variable*> variables;
  OperandSyntax list;
  lexer_.expect("(");
  operand_list(list, ")");
  for (const OperandSyntax& argument : list.parts) variables.push_back(argument.variable);
  return variables;
}

// call[.uni] [(results),] function [, (parameters)];
void PtxParser::call(Body&, Statement statement) {
  const size_t start = lexer_.start();
  std::vector<Variable*> results, parameters;
  if (lexer_.token().is("(")) {
    results = call_arguments();
    lexer_.expect(",");
  }
  const std::string_view name = lexer_.take().text;
  if (lexer_.accept(",") && lexer_.token().is("(")) parameters = call_arguments();
  while (!lexer_.token().is(";")) {
    if (lexer_.token().kind == Token::Kind::kEnd) lexer_.fail("a call without its end");
    lexer_.take();  // the prototype of an indirect call
  }
  statement.text = lexer_.text().substr(start, lexer_.start() - start);
  lexer_.expect(";");
  const auto found = functions_.find(name);
  const bool known = found != functions_.end() && found->second.defined;
  const bool recursive = std::find(calls_.begin(), calls_.end(), name) != calls_.end();
  const auto missing = [](const std::vector<Variable*>& all) {
    return std::find(all.begin(), all.end(), nullptr) != all.end();
  };
  if (!known || recursive || statement.guard >= 0 || missing(results) || missing(parameters) ||
      results.size() != found->second.results.size() ||
      parameters.size() != found->second.parameters.size()) {
    statement.refusal = "the call of " + std::string(name) +
                        (recursive ? ", which is recursive," : "") +
                        (known ? "" : ", which has no body here,") + " is not simulated";
    kernel_->statements.push_back(std::move(statement));
    return;
  }
  calls_.push_back(name);
  const PtxLexer::Place back = lexer_.place();
  const Location location = location_;
  expand(found->second, results, parameters);
  lexer_.go_to(back);
  location_ = location;
  calls_.pop_back();
}

void PtxParser::expand(const Function& function, const std::vector<Variable*>& results,
                       const std::vector<Variable*>& parameters) {
  const size_t first_scope = first_scope_;
  first_scope_ = scopes_.size();
  scopes_.emplace_back();
  for (size_t i = 0; i < results.size(); ++i) {
    scopes_.back().variables[function.results[i]] = results[i];
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    scopes_.back().variables[function.parameters[i]] = parameters[i];
  }
  lexer_.go_to(function.body);
  Body callee;
  callee.expanded = true;
  body(callee);
  scopes_.pop_back();
  first_scope_ = first_scope;
}

void PtxParser::finish_body(Body& body) {
  const auto resolve = [&](std::string_view name) {
    const auto found = body.labels.find(name);
    if (found == body.labels.end()) {
      throw PtxError("PTX: there is no label " + std::string(name) + " in " + kernel_->kernel.name);
    }
    return found->second;
  };
  for (const Branch& branch : body.branches) {
    Statement& statement = kernel_->statements[branch.statement];
    if (branch.slot < 0) {
      statement.target = resolve(branch.label);
      continue;
    }
    for (const std::string_view name : body.label_lists[branch.label]) {
      statement.targets.push_back(resolve(name));
    }
  }
  const int end = static_cast<int>(kernel_->statements.size());
  for (const size_t index : body.returns) kernel_->statements[index].target = end;
}

}  // namespace nram::simulator
