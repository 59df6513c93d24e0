#pragma once
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "http/testing/client.h"
#include "http/testing/tls_socket.h"

namespace berth::http::testing {

// HTTP/1.1, one request after the other.
class TlsClient final : public Client {
 public:
  TlsClient(const std::string& ca, const std::optional<KeyPair>& pair)
      : socket_(ca, pair, "\x08http/1.1") {}

  bool connect(uint16_t port) override {
    in_.clear();
    return socket_.connect(port);
  }
  bool is_cut() override { return socket_.is_cut(); }
  void disconnect() override { socket_.disconnect(); }
  void allow_at_most(int tls_version) override { socket_.allow_at_most(tls_version); }
  bool send(std::string_view bytes) { return socket_.send(bytes); }

  bool ask(const Call& call) override {
    is_head_ = call.method == "HEAD";
    std::string text = call.method + " " + call.path + " HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& [name, value] : call.headers) text.append(name + ": " + value + "\r\n");
    if (call.is_of_unknown_length) {
      text.append("Transfer-Encoding: chunked\r\n\r\n").append(chunk(call.body));
      if (!call.is_unfinished) text.append("0\r\n\r\n");
    } else {
      const size_t length = call.declared.value_or(call.body.size());
      text.append("Content-Length: " + std::to_string(length) + "\r\n\r\n").append(call.body);
    }
    return send(text);
  }

  std::optional<Answer> receive() override {
    size_t end = 0;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return std::nullopt;
    }
    Answer answer{.head = in_.substr(0, end)};
    in_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.c_str() + std::string_view("HTTP/1.1 ").size());
    const size_t at = answer.head.find("Content-Length: ");
    const size_t size = is_head_ || at == std::string::npos
                            ? 0
                            : std::strtoul(answer.head.c_str() + at + 16, nullptr, 10);
    while (in_.size() < size) {
      if (!read_more()) return std::nullopt;
    }
    answer.body = in_.substr(0, size);
    in_.erase(0, size);
    return answer;
  }

  static std::string request(std::string_view path, std::string_view body) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }

 private:
  static std::string chunk(const std::string& text) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    return size + text + "\r\n";
  }

  bool read_more() {
    const std::string_view more = socket_.read();
    in_.append(more);
    return !more.empty();
  }

  TlsSocket socket_;
  std::string in_;
  bool is_head_ = false;  // whether no body follows
};

}  // namespace berth::http::testing
