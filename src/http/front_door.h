#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

// A bounded door for an HTTP server that bounds nothing by itself, as cpprestsdk's does: it reads
// one request per connection as long as that is small, quick and without a body, asks the server
// behind it on loopback, and hands the answer back. So whoever can reach the port can take no more
// than a few kilobytes and seconds of the program.
namespace berth::http {

struct DoorLimits {
  size_t header_bytes_max = 8 * 1024;          // request line and headers: 431
  size_t answer_bytes_max = 64 * 1024 * 1024;  // a longer one is cut
  int connections_max = 64;                    // more are closed as they come
  Millis request_timeout{2'000};               // until the whole request is there
  Millis answer_timeout{10'000};               // until the whole answer is read by the peer
};

class FrontDoor {
 public:
  // `address` is numeric; port 0 takes a free one; `inner` is the port behind it, on 127.0.0.1.
  // Invalid when the address is none, Unavailable when it cannot be bound.
  static Result<std::unique_ptr<FrontDoor>> open(const std::string& address, uint16_t port,
                                                 uint16_t inner, DoorLimits limits = {});
  virtual ~FrontDoor() = default;  // closes, and cuts who is inside

  virtual uint16_t port() const = 0;
};

}  // namespace berth::http
