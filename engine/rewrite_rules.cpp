#include "engine/rewrite.h"

namespace nram {

const std::vector<RewriteRule>& rewrite_rules() {
  static const std::vector<RewriteRule> rules = {};
  return rules;
}

}  // namespace nram
