#include "crdgen/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>

namespace berth::crdgen {
namespace {

// A single word that starts with a letter. Everything else is
// quoted, and so are "true", "no" and the like, which mean something else to some reader.
bool is_plain(const std::string& text) {
  if (text.empty() || text.size() > 64) return false;
  const bool is_safe = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '/' || c == '.';
  });
  static constexpr std::array kReserved{"true", "false", "null", "yes", "no", "on",
                                        "off",  "y",     "n",    "inf", "nan"};
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return is_safe && std::isalpha(static_cast<unsigned char>(text.front())) != 0 &&
         std::find(kReserved.begin(), kReserved.end(), lower) == kReserved.end();
}

void emit(YAML::Emitter& out, const Schema& node);

void emit_text(YAML::Emitter& out, const std::string& text) {
  if (!is_plain(text)) out << YAML::DoubleQuoted;
  out << text;
}

void emit_object(YAML::Emitter& out, const Schema& node) {
  if (node.empty()) out << YAML::Flow;
  out << YAML::BeginMap;
  for (const auto& [key, value] : node.items()) {
    out << YAML::Key;
    emit_text(out, key);
    out << YAML::Value;
    emit(out, value);
  }
  out << YAML::EndMap;
}

void emit_list(YAML::Emitter& out, const Schema& node) {
  if (node.empty()) out << YAML::Flow;
  out << YAML::BeginSeq;
  for (const auto& item : node) emit(out, item);
  out << YAML::EndSeq;
}

void emit(YAML::Emitter& out, const Schema& node) {
  if (node.is_object()) return emit_object(out, node);
  if (node.is_array()) return emit_list(out, node);
  if (node.is_string()) return emit_text(out, node.get_ref<const std::string&>());
  out << node.dump();  // numbers, booleans and null are spelled as in JSON
}

}  // namespace

std::string to_yaml(const Schema& document) {
  YAML::Emitter out;
  emit(out, document);
  return std::string(out.c_str()) + "\n";
}

}  // namespace berth::crdgen
