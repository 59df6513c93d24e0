#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::http::testing {

struct Answer {
  int status = 0;    // 0: reset, over HTTP/2
  std::string head;  // a line for each header, as the server sent them
  std::string body;
  int32_t stream = 0;  // of the call, over HTTP/2
};

// What to ask, wrong things included.
struct Call {
  std::string path = "/";
  std::string body;
  std::string method = "POST";
  std::optional<size_t> declared;  // Content-Length, where it is not that of the body
  bool is_of_unknown_length = false;
  bool is_unfinished = false;  // sends no more than this, as if more would follow
  std::vector<std::pair<std::string, std::string>> headers;
};

// A blocking client of 127.0.0.1, whatever it speaks. One thread.
class Client {
 public:
  virtual ~Client() = default;
  virtual bool connect(uint16_t port) = 0;
  virtual bool ask(const Call& call) = 0;
  // The next answer; nothing when the server closed or was silent for ten seconds.
  virtual std::optional<Answer> receive() = 0;
  virtual bool is_cut() = 0;
  virtual void disconnect() = 0;
  virtual void allow_at_most(int tls_version) = 0;

  std::optional<Answer> post(std::string_view path, std::string_view body) {
    if (!ask({.path = std::string(path), .body = std::string(body)})) return std::nullopt;
    return receive();
  }
};

}  // namespace berth::http::testing
