#include "cli/documents.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace berth::cli {
namespace {

constexpr int64_t kMostValues = 1'000'000;
constexpr int kMostDepth = 100;

// A plain scalar is what YAML 1.2's core schema says; a quoted one is text.
Json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "false") return text == "true";
  if (text.empty() || text == "null" || text == "~") return nullptr;
  const char* const end = text.data() + text.size();
  int64_t whole = 0;
  if (const auto got = std::from_chars(text.data(), end, whole);
      got.ec == std::errc() && got.ptr == end) {
    return whole;
  }
  double number = 0;
  if (const auto got = std::from_chars(text.data(), end, number);
      got.ec == std::errc() && got.ptr == end && text.find_first_of("nN") == std::string::npos) {
    return number;
  }
  return text;
}

class Reader {
 public:
  // Errors: Invalid, without a place.
  Result<Json> read(const YAML::Node& node, int depth = 0) {
    if (++values_ > kMostValues || depth > kMostDepth) {
      return Error{Code::Invalid, "too many values, or too deep"};
    }
    switch (node.Type()) {
      case YAML::NodeType::Scalar: return scalar(node);
      case YAML::NodeType::Sequence: {
        Json list = Json::array();
        for (const auto& item : node) list.push_back(BERTH_TRY(read(item, depth + 1)));
        return list;
      }
      case YAML::NodeType::Map: {
        Json map = Json::object();
        for (const auto& entry : node) {
          if (!entry.first.IsScalar()) return Error{Code::Invalid, "want text as a key"};
          map[entry.first.Scalar()] = BERTH_TRY(read(entry.second, depth + 1));
        }
        return map;
      }
      default: return Json(nullptr);
    }
  }

 private:
  int64_t values_ = 0;
};

// Remembers where the document stands that was read last.
class Place final : public YAML::EventHandler {
 public:
  size_t line = 0;  // 0: none yet

 private:
  using Mark = YAML::Mark;
  using Anchor = YAML::anchor_t;
  using Style = YAML::EmitterStyle::value;
  void OnDocumentStart(const Mark& mark) override { line = static_cast<size_t>(mark.line) + 1; }
  void OnDocumentEnd() override {}
  void OnNull(const Mark&, Anchor) override {}
  void OnAlias(const Mark&, Anchor) override {}
  void OnScalar(const Mark&, const std::string&, Anchor, const std::string&) override {}
  void OnSequenceStart(const Mark&, const std::string&, Anchor, Style) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const Mark&, const std::string&, Anchor, Style) override {}
  void OnMapEnd() override {}
};

// Some texts yaml-cpp reads as documents without end, all of them at one place: "!:1, ]". A
// document begins on a line of its own, so there are no more of them than lines. The line where
// there are more; 0 when all is well.
size_t line_without_end(const std::string& text) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  Place place;
  auto left = std::count(text.begin(), text.end(), '\n') + 2;
  while (parser.HandleNextDocument(place)) {
    if (--left == 0) return place.line;
  }
  return 0;
}

}  // namespace

Result<std::vector<Document>> parse_documents(const std::string& name, const std::string& text) {
  std::vector<Document> documents;
  const auto place = [&](const YAML::Mark& mark) {
    return name + ":" + std::to_string(mark.line + 1);
  };
  try {
    if (const size_t line = line_without_end(text); line != 0) {
      return Error{Code::Invalid, name + ":" + std::to_string(line) + ": this is no YAML"};
    }
    Reader reader;
    for (const YAML::Node& node : YAML::LoadAll(text)) {
      if (node.IsNull()) continue;
      auto value = reader.read(node);
      if (!value) return Error{Code::Invalid, place(node.Mark()) + ": " + value.error().message};
      if (!value->is_object()) {
        return Error{Code::Invalid, place(node.Mark()) + ": want an object"};
      }
      documents.push_back({place(node.Mark()), *std::move(value)});
    }
  } catch (const YAML::ParserException& error) {
    return Error{Code::Invalid, place(error.mark) + ": " + error.msg};
  } catch (const std::exception& error) {  // yaml-cpp has more of them than it documents
    return Error{Code::Invalid, name + ": " + error.what()};
  }
  return documents;
}

Result<std::vector<Document>> read_documents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return Error{Code::NotFound, path + ": cannot be read, or is empty"};
  }
  return parse_documents(path, text.str());
}

}  // namespace berth::cli
