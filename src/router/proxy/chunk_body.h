#pragma once
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional/optional.hpp>
#include <cstdint>
#include <string>

namespace berth::router {

inline constexpr size_t kReadSize = 64 * 1024;

// A Beast body that is taken out of the message as it comes, and that trusts no Content-Length with
// memory.
struct ChunkBody {
  using value_type = std::string;

  class reader {
   public:
    template <bool is_request, class Fields>
    reader(boost::beast::http::header<is_request, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<uint64_t>&, boost::beast::error_code& error) { error = {}; }
    template <class Buffers>
    size_t put(const Buffers& buffers, boost::beast::error_code& error) {
      error = {};
      size_t size = 0;
      for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        size += buffer.size();
      }
      return size;
    }
    void finish(boost::beast::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

// Gives a parser what is in the buffer, as far as its message goes. True when that was understood.
template <class Parser, class Buffer>
bool feed(Parser& parser, Buffer& buffer, boost::beast::error_code& error) {
  error = {};
  parser.eager(true);
  while (buffer.size() > 0 && !parser.is_done()) {
    const size_t used = parser.put(buffer.data(), error);
    buffer.consume(used);
    if (error == boost::beast::http::error::need_more) {
      error = {};
      return true;
    }
    if (error) return false;
  }
  return true;
}

}  // namespace berth::router
