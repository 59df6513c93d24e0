#include "http/status_server.h"

#include <cpprest/http_listener.h>
#include <pplx/threadpool.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <mutex>
#include <utility>

#include "http/front_door.h"

namespace berth::http {
namespace {

using boost::asio::ip::tcp;
using web::http::http_request;
using web::http::http_response;
using web::http::status_code;
using web::http::experimental::listener::http_listener;

// cpprest's thread pool is one per process and 40 threads strong unless it is sized before its
// first use. Two serve a scrape and a probe at once.
constexpr size_t kThreads = 2;

void size_thread_pool() {
  static std::once_flag once;
  std::call_once(once, [] {
    try {
      crossplat::threadpool::initialize_with_threads(kThreads);
    } catch (const std::exception&) {
      // Somebody used the pool before us: then it has the size that they chose.
    }
  });
}

struct Endpoint {
  std::string host;
  uint16_t port = 0;
};

Result<Endpoint> parse_endpoint(const std::string& listen) {
  const Error malformed{Code::Invalid, "'" + listen + "' is not ADDRESS:PORT"};
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0) return malformed;
  const std::string digits = listen.substr(colon + 1);
  if (digits.empty() || digits.size() > 5 ||
      digits.find_first_not_of("0123456789") != std::string::npos) {
    return malformed;
  }
  const int port = std::stoi(digits);
  if (port > 65535) return malformed;
  return Endpoint{listen.substr(0, colon), static_cast<uint16_t>(port)};
}

// cpprest cannot tell which port it got for 0, so one is found for it. Another process may take it
// in between; opening then fails with Unavailable, as for any port that is taken.
Result<uint16_t> free_port() {
  boost::system::error_code error;
  const tcp::endpoint any(boost::asio::ip::address_v4::loopback(), 0);
  boost::asio::io_context io;
  tcp::acceptor probe(io);
  probe.open(any.protocol(), error);
  if (!error) probe.bind(any, error);
  if (error) return Error{Code::Unavailable, "no free port on loopback: " + error.message()};
  return probe.local_endpoint(error).port();
}

void reply(http_request request, status_code status, std::string body, const char* type) {
  http_response response(status);
  response.set_body(std::move(body), type);
  request.reply(response).then([](const pplx::task<void>& sent) {
    try {
      sent.get();
    } catch (const std::exception&) {
      // The reader went away. It will ask again, or not.
    }
  });
}

constexpr char kText[] = "text/plain; charset=utf-8";

void reply_check(const http_request& request,
                 const std::function<std::optional<std::string>()>& check) {
  const auto problem = check ? check() : std::nullopt;
  if (!problem) return reply(request, 200, "ok\n", kText);
  reply(request, 503, *problem + "\n", kText);
}

// cpprest on loopback, where nobody but the door in front of it asks.
class CpprestStatusServer final : public StatusServer {
 public:
  CpprestStatusServer(uint16_t inner, StatusPages pages)
      : pages_(std::move(pages)), listener_("http://127.0.0.1:" + std::to_string(inner)) {
    listener_.support(web::http::methods::GET,
                      [this](const http_request& request) { serve(request); });
    listener_.support([](const http_request& request) {
      reply(request, 405, "only GET is served here\n", kText);
    });
  }

  ~CpprestStatusServer() override {
    door_.reset();
    try {
      listener_.close().wait();
    } catch (const std::exception&) {
      // Closing what never opened.
    }
  }

  void open() { listener_.open().wait(); }
  void put_behind(std::unique_ptr<FrontDoor> door) { door_ = std::move(door); }
  uint16_t port() const override { return door_->port(); }

 private:
  void serve(const http_request& request) {
    const std::string path = request.relative_uri().path();
    if (path == "/healthz") return reply_check(request, pages_.live);
    if (path == "/readyz") return reply_check(request, pages_.ready);
    if (path == "/metrics" && pages_.metrics) {
      return reply(request, 200, pages_.metrics(), "text/plain; version=0.0.4; charset=utf-8");
    }
    reply(request, 404, "not here: only /metrics, /healthz and /readyz\n", kText);
  }

  const StatusPages pages_;
  http_listener listener_;
  std::unique_ptr<FrontDoor> door_;
};

}  // namespace

Result<std::unique_ptr<StatusServer>> StatusServer::start(const std::string& listen,
                                                          StatusPages pages, Log& log) {
  const auto endpoint = BERTH_TRY(parse_endpoint(listen));
  const uint16_t inner = BERTH_TRY(free_port());
  // First: what keeps it from opening is the caller's to mend.
  auto door = BERTH_TRY(FrontDoor::open(endpoint.host, endpoint.port, inner));
  size_thread_pool();
  try {
    auto server = std::make_unique<CpprestStatusServer>(inner, std::move(pages));
    server->open();
    log.info("serving /metrics, /healthz and /readyz",
             {{"address", endpoint.host}, {"port", std::to_string(door->port())}});
    server->put_behind(std::move(door));
    return std::unique_ptr<StatusServer>(std::move(server));
  } catch (const std::exception& failed) {
    return Error{Code::Unavailable, "listen on " + listen + ": " + failed.what()};
  }
}

}  // namespace berth::http
