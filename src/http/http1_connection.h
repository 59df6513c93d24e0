#pragma once
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "http/tls_connection.h"

namespace berth::http {

// One request after the other: (Idle, Header, Body, Handling, Writing) for each.
class Http1Connection final : public Connection, private Asking {
 public:
  using Connection::Connection;
  void start() override { wait_for_request(); }
  void drain() override;

 private:
  enum class Phase { Idle, Header, Body, Handling, Writing };

  std::shared_ptr<Http1Connection> self();
  void enter(Phase phase, Millis timeout);
  bool is_in(Phase phase) const { return is_open() && phase_ == phase; }
  void check_deadlines() override;
  std::string_view header(std::string_view name) const override;
  std::string take_body() override;
  void when_gone(std::function<void()> call) override { gone_ = std::move(call); }

  void wait_for_request();
  void read_ahead();
  void on_read_ahead(boost::system::error_code error, size_t size);
  void read_header();
  void on_header(boost::system::error_code error);
  void read_body();
  void handle();
  void answer(uint64_t request, const Response& response);
  void write(const Response& response);
  void refuse(int status, std::string_view line);
  void refuse_malformed(boost::system::error_code error);

  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  Phase phase_ = Phase::Idle;
  Incoming incoming_{worker().shape.incoming};
  int64_t deadline_ = 0;
  boost::beast::flat_buffer in_;
  std::optional<Parser> parser_;
  std::string out_;
  uint64_t requests_ = 0;       // so that an answer that comes late meets its own request or none
  std::function<void()> gone_;  // of the handler, while it has not answered
  bool is_reading_ahead_ = false;
  bool is_last_ = false;  // close after this answer
  bool is_draining_ = false;
};

}  // namespace berth::http
