#include "tests/security/malformed.h"

#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "operator/extender/testing/calls.h"
#include "tests/security/json_text.h"

namespace berth::security {
namespace {

using extender::testing::filter_body;
using extender::testing::plain_pod;
using extender::testing::with_devices;

std::string golden(const std::string& name) {
  std::ifstream in("tests/golden/extender/" + name, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

struct Document {
  std::string path;
  std::string text;
};

std::vector<Document> documents() {
  return {{"/filter", filter_call()}, {"/filter", foreign_call()}, {"/bind", bind_call()}};
}

class Corpus {
 public:
  void add(const std::string& family, const Document& to, std::string body) {
    calls.push_back({family, {.path = to.path, .body = std::move(body), .headers = kJson}});
  }

  void of_text(const Document& good);
  void of_values();
  void of_depth();
  void of_other_documents();
  void of_requests();

  std::vector<BadCall> calls;

 private:
  static inline const std::vector<std::pair<std::string, std::string>> kJson{
      {"content-type", "application/json"}};

  void of_tokens(const Document& good);
  void of_names(const Document& good, const std::string& pointer);
  void put(const std::string& family, const Document& good, const std::string& pointer,
           const Json& value);
};

// In place of any value or name: not one of them is JSON that can be held.
constexpr std::array kNoValues = {"NaN",
                                  "-NaN",
                                  "Infinity",
                                  "-Infinity",
                                  "nul",
                                  "nulll",
                                  "True",
                                  "FALSE",
                                  "undefined",
                                  "'x'",
                                  "1e999",
                                  "-1e999",
                                  "01",
                                  "+1",
                                  ".5",
                                  "1.",
                                  "0x10",
                                  "1e",
                                  "--1",
                                  "1_000",
                                  "/*x*/1",
                                  "1//x",
                                  "\"\\x\"",
                                  "\"\\u12\"",
                                  "\"\\ud800\"",
                                  "\"\n\"",
                                  "\"\t\"",
                                  "\"open",
                                  "\"\xc3\x28\"",
                                  "\"\xed\xa0\x80\"",
                                  "123456789012345678901234567890"};

void Corpus::of_tokens(const Document& good) {
  for (const Token& token : tokens_of(good.text)) {
    const std::string_view text = std::string_view(good.text).substr(token.at, token.size);
    if (token.kind == Token::Kind::Structure) {
      add("dropped", good, replaced(good.text, token.at, 1, ""));
      add("doubled", good, replaced(good.text, token.at, 0, text));
      continue;
    }
    if (token.kind == Token::Kind::String) {
      add("unquoted", good, replaced(good.text, token.at, 1, ""));
    }
    for (const char* const bad : kNoValues) {
      add("no value", good, replaced(good.text, token.at, token.size, bad));
    }
  }
}

void Corpus::of_text(const Document& good) {
  const std::string& text = good.text;
  for (size_t at = 0; at < text.size(); ++at) {
    add("cut", good, text.substr(0, at));
    add("no UTF-8", good, replaced(text, at, 1, "\xff"));
    add("zero byte", good, replaced(text, at, 1, std::string_view("\0", 1)));
  }
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (std::string_view(" \t\r\n").find(c) == std::string_view::npos) {
      add("trailing", good, text + c);
    }
  }
  for (const Member& member : members_of(text)) {
    const std::string again = text.substr(member.at, member.size) + ",";
    add("twice", good, replaced(text, member.object + 1, 0, again));
  }
  of_tokens(good);
}

void Corpus::put(const std::string& family, const Document& good, const std::string& pointer,
                 const Json& value) {
  Json document = Json::parse(good.text);
  document[Json::json_pointer(pointer)] = value;
  add(family, good, document.dump());
}

// What may travel in the place of a name: into paths, logs, metrics, terminals.
void Corpus::of_names(const Document& good, const std::string& pointer) {
  const std::string zero("a\0b", 3);
  for (const std::string& name : std::vector<std::string>{"..",
                                                          ".",
                                                          "a..b",
                                                          "-a",
                                                          "a-",
                                                          "../../../../api/v1/secrets",
                                                          "a/b",
                                                          "a b",
                                                          " a",
                                                          "a ",
                                                          "A",
                                                          "a_b",
                                                          "a\nb",
                                                          "a\rb",
                                                          "a\tb",
                                                          "a\"b",
                                                          "a\\b",
                                                          "a%2fb",
                                                          "a?x=y",
                                                          "a#b",
                                                          "a;b",
                                                          "a:b",
                                                          "a,b",
                                                          "a=b",
                                                          "{a}",
                                                          "\xc3\xa9",
                                                          "\xe2\x80\xae",
                                                          "\x1b[31m",
                                                          "${HOME}",
                                                          "$(id)",
                                                          "%s%n",
                                                          "<script>",
                                                          zero,
                                                          std::string(254, 'a'),
                                                          std::string(100'000, 'a')}) {
    put("no name", good, pointer, name);
  }
  put("missing", good, pointer, nullptr);
  put("missing", good, pointer, "");
}

void Corpus::of_values() {
  const std::vector<Document> all = documents();
  const Document& worker = all[0];
  const Document& foreign = all[1];
  const Document& bind = all[2];
  const Json text = "text";
  const Json number = 7;
  const Json fraction = 1.5;
  const Json list = Json::array();
  const Json object = Json::object();
  const auto types = [&](const Document& good, const std::string& pointer,
                         const std::vector<Json>& wrong) {
    for (const Json& value : wrong) put("wrong type", good, pointer, value);
  };
  const std::vector<Json> no_text{number, fraction, true, list, object};
  const std::vector<Json> no_list{text, number, fraction, true, object};
  const std::vector<Json> no_object{text, number, fraction, true, list};
  for (const Document& good : {worker, foreign}) {
    for (const char* const name :
         {"/Pod/metadata/name", "/Pod/metadata/namespace", "/Pod/metadata/uid"}) {
      types(good, name, no_text);
      of_names(good, name);
    }
    types(good, "/Pod", no_object);
    types(good, "/Pod/metadata", no_object);
    types(good, "/Pod/spec", no_object);
    types(good, "/Nodes", no_object);
    types(good, "/NodeNames", no_list);
    types(good, "/NodeNames/0", {number, fraction, true, list, object, nullptr});
    types(good, "/Pod/metadata/ownerReferences", no_list);
    put("missing", good, "/Pod", nullptr);
    put("missing", good, "/Pod/metadata", nullptr);
  }
  const std::string owner = "/Pod/metadata/ownerReferences/0";
  types(worker, owner, {text, number, fraction, true, list, nullptr});
  for (const char* const name : {"/name", "/uid"}) {
    types(worker, owner + name, no_text);
    of_names(worker, owner + name);
  }
  types(worker, owner + "/kind", no_text);
  types(worker, owner + "/apiVersion", no_text);
  types(worker, owner + "/controller", {text, "true", number, fraction, list, object});
  for (const char* const part : {"/containers", "/initContainers", "/ephemeralContainers"}) {
    types(foreign, std::string("/Pod/spec") + part, no_list);
    types(foreign, std::string("/Pod/spec") + part + "/0",
          {text, number, fraction, true, list, nullptr});
  }
  const std::string resources = "/Pod/spec/containers/0/resources";
  types(foreign, resources, no_object);
  for (const char* const part : {"/limits", "/requests"}) {
    types(foreign, resources + part, no_object);
    types(foreign, resources + part + "/nvidia.com~1gpu",
          {text, "", "-1", "1x", "0x1", " 1", -1, fraction, true, nullptr, list, object});
  }
  for (const char* const name : {"/PodName", "/PodNamespace", "/PodUID", "/Node"}) {
    types(bind, name, no_text);
    of_names(bind, name);
  }
}

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out.append(text);
  return out;
}

void Corpus::of_depth() {
  struct Shape {
    const char* open;
    const char* close;
  };
  for (const Document& good : documents()) {
    for (const int depth : {64, 65, 100, 1'000, 10'000, 100'000}) {
      for (const Shape& shape : {Shape{"[", "]"}, Shape{"{\"a\":", "}"}, Shape{"[{\"a\":", "}]"}}) {
        const std::string open = repeat(shape.open, depth);
        const std::string closed = open + "1" + repeat(shape.close, depth);
        add("deep", good, replaced(good.text, 1, 0, "\"x\":" + closed + ","));
        add("deep", good, replaced(good.text, 1, 0, "\"x\":" + open));
        add("deep", good, closed);
        add("deep", good, open);
      }
    }
  }
}

void Corpus::of_other_documents() {
  const std::string utf16("{\0}\0", 4);
  const std::string protobuf("k8s\0\n\x0a\x02v1", 9);
  for (const Document& good : documents()) {
    for (const std::string& text : std::vector<std::string>{"",
                                                            " ",
                                                            "\n",
                                                            "null",
                                                            "true",
                                                            "0",
                                                            "-0.0",
                                                            "1e5",
                                                            "\"\"",
                                                            "\"Pod\"",
                                                            "[]",
                                                            "[{}]",
                                                            "{}",
                                                            "{},{}",
                                                            "{}{}",
                                                            "[" + good.text + "]",
                                                            "\"" + good.text + "\"",
                                                            utf16,
                                                            protobuf,
                                                            "<?xml version=\"1.0\"?><Pod/>",
                                                            "<html></html>",
                                                            "apiVersion: v1\nkind: Pod\n",
                                                            "Pod=x&NodeNames=n1",
                                                            "\x1f\x8b\x08",
                                                            "%7B%7D",
                                                            "()",
                                                            "{\"Pod\"}",
                                                            "{\"Pod\":}",
                                                            "{Pod:{}}",
                                                            "{'Pod':{}}",
                                                            "{\"a\":1,}",
                                                            "[1,]",
                                                            "{\"apiVersion\":\"v1\"}",
                                                            "-",
                                                            "\\",
                                                            "//",
                                                            "#",
                                                            "\x7f",
                                                            std::string(1'000'000, ' '),
                                                            std::string(1'000'000, '9'),
                                                            std::string(1'000'000, '"'),
                                                            std::string(1'000'000, '\\'),
                                                            "\"" + repeat("\\u0000", 9'999)}) {
      add("no call", good, text);
    }
  }
}

void Corpus::of_requests() {
  for (const Document& good : documents()) {
    for (const char* const type :
         {"text/plain", "text/json", "text/html", "application/jsonp", "application/xml",
          "application/yaml", "application/x-www-form-urlencoded", "application/octet-stream",
          "application/vnd.kubernetes.protobuf", "application/cbor", "multipart/form-data", "json",
          "application", "application/json/x", "application/json-patch+json", "*/*", "{}"}) {
      calls.push_back(
          {"type", {.path = good.path, .body = good.text, .headers = {{"content-type", type}}}});
    }
    for (const char* const method : {"GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "SEARCH",
                                     "PROPFIND", "post", "FETCH", "X"}) {
      calls.push_back({"method", {.path = good.path, .body = good.text, .method = method}});
    }
    for (const char* const path : {"/",
                                   "/filter/",
                                   "/Filter",
                                   "//filter",
                                   "/filter?x=1",
                                   "/filter;x",
                                   "/./filter",
                                   "/x/../filter",
                                   "/%66ilter",
                                   "/bind/",
                                   "/BIND",
                                   "/prioritize",
                                   "/preempt",
                                   "/metrics",
                                   "/healthz",
                                   "/debug/pprof/",
                                   "/api/v1/secrets",
                                   "/.env",
                                   "/filter/bind",
                                   "/filter%00"}) {
      calls.push_back({"path", {.path = path, .body = good.text, .headers = kJson}});
    }
    calls.push_back(
        {"large header",
         {.path = good.path, .body = good.text, .headers = {{"x", std::string(9'000, 'x')}}}});
    calls.push_back(
        {"large body", {.path = good.path, .declared = (8U << 20U) + 1, .is_unfinished = true}});
  }
}

}  // namespace

std::string filter_call() { return golden("filter_args.json"); }
std::string bind_call() { return golden("binding_args.json"); }
std::string foreign_call() {
  return filter_body(with_devices(plain_pod("x", "notebook"), 1), {"n1", "n2"});
}

std::vector<BadCall> malformed_calls() {
  Corpus corpus;
  for (const Document& good : documents()) corpus.of_text(good);
  corpus.of_values();
  corpus.of_depth();
  corpus.of_other_documents();
  corpus.of_requests();
  return std::move(corpus.calls);
}

}  // namespace berth::security
