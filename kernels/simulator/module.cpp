#include "kernels/simulator/module.h"

#include <cstring>

#include "kernels/simulator/decoder.h"

namespace nram::simulator {

Module::Module() : implementation_(std::make_unique<Implementation>()) {}
Module::~Module() = default;

std::unique_ptr<Module> Module::parse(std::string_view ptx, const std::string& name) {
  std::unique_ptr<Module> module(new Module);
  ModuleSyntax syntax = parse_ptx(ptx);
  Implementation& in = *module->implementation_;
  module->name_ = name;
  module->target_ = syntax.target;
  for (KernelSyntax& kernel : syntax.kernels) {
    in.codes.push_back(Decoder(kernel).decode());
    kernel.kernel.code = in.codes.back();
    module->kernels_.emplace(kernel.kernel.name, kernel.kernel);
  }
  in.files = std::move(syntax.files);
  for (Variable& variable : syntax.variables) {
    if (variable.space != Space::kShared && variable.bytes > 0) {
      in.variables.push_back(std::move(variable));
    }
  }
  return module;
}

const Kernel* Module::find(const std::string& kernel) const {
  const auto found = kernels_.find(kernel);
  return found == kernels_.end() ? nullptr : &found->second;
}

const Module::Global* Module::global(const std::string& name) const {
  const auto found = implementation_->globals.find(name);
  return found == implementation_->globals.end() ? nullptr : &found->second;
}

void Module::load(Memory& memory) {
  Implementation& in = *implementation_;
  if (in.loaded) throw std::logic_error("module " + name_ + " is loaded already");
  for (const Variable& variable : in.variables) {
    const uint64_t address = memory.allocate(variable.bytes, variable.name);
    if (address == 0) {
      unload(memory);
      throw std::bad_alloc();
    }
    in.globals[variable.name] = {address, variable.bytes};
    // Variables without initial values begin as zeros.
    memory.fill(address, 0, variable.bytes);
    memory.write(address, variable.initial.data(), variable.initial.size());
  }
  for (const Variable& variable : in.variables) {
    for (const Variable::Relocation& relocation : variable.relocations) {
      const Global* target = global(relocation.target);
      if (target == nullptr) throw PtxError("no variable " + relocation.target);
      const uint64_t value = target->address + relocation.addend;
      memory.write(in.globals[variable.name].address + relocation.offset, &value, relocation.bytes);
    }
  }
  for (const std::shared_ptr<Code>& code : in.codes) {
    for (const Code::AddressUse& use : code->address_uses) {
      const Global* target = global(use.variable);
      if (target == nullptr) continue;  // of no size: never accessed rightly
      const uint64_t value = target->address + static_cast<uint64_t>(use.addend);
      if (use.constant >= 0) code->constants[static_cast<size_t>(use.constant)].value = value;
      if (use.instruction >= 0) {
        code->instructions[static_cast<size_t>(use.instruction)].immediate =
            static_cast<int64_t>(value);
      }
    }
  }
  in.loaded = true;
}

void Module::unload(Memory& memory) {
  for (const auto& [name, variable] : implementation_->globals) memory.release(variable.address);
  implementation_->globals.clear();
  implementation_->loaded = false;
}

}  // namespace nram::simulator
