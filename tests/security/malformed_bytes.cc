#include <array>

#include "tests/security/malformed.h"

namespace berth::security {
namespace {

const std::string kStart = "POST /filter HTTP/1.1\r\nHost: localhost\r\n";

void heads(std::vector<BadBytes>& out) {
  for (const char* const line : {"POST /filter HTTP/2.0",
                                 "POST /filter HTTP/0.9",
                                 "POST /filter HTTP/1.2",
                                 "POST /filter HTTP/1",
                                 "POST /filter HTTP/11",
                                 "POST /filter HTTP",
                                 "POST /filter http/1.1",
                                 "POST /filter FTP/1.1",
                                 "POST /filter",
                                 "POST",
                                 "POST  /filter HTTP/1.1",
                                 "POST /filter  HTTP/1.1",
                                 " POST /filter HTTP/1.1",
                                 "POST\t/filter HTTP/1.1",
                                 "POST /fil ter HTTP/1.1",
                                 "POST /filter HTTP/1.1 ",
                                 "PO(ST /filter HTTP/1.1",
                                 "P\xc3\xa9ST /filter HTTP/1.1",
                                 "/filter POST HTTP/1.1",
                                 "HTTP/1.1 200 OK",
                                 "PRI * HTTP/2.0",
                                 "\x16\x03\x01\x02",
                                 "GET / HTTP/1.1\nHost: x",
                                 "{}",
                                 ":",
                                 "\x7f\x7f",
                                 "POST /filter\x01 HTTP/1.1",
                                 "POST /filter\x7f HTTP/1.1",
                                 "SSH-2.0-x",
                                 "EHLO x"}) {
    out.push_back({"request line", std::string(line) + "\r\nHost: x\r\n\r\n"});
  }
  for (const char* const header :
       {"x", ": x", " x: y", "x : y", "x\x01: y", "x: a\x01z", "x: a\x7fz", "(x): y", "x y: z",
        "\xc3\xa9: x", "x\n: y", "x: y\nz: w", "x: y\rz", "x: a\rb: c", "{x}: y", "x@y: z"}) {
    out.push_back({"header line", kStart + header + "\r\nContent-Length: 2\r\n\r\n{}"});
  }
  std::string many = kStart;
  for (int i = 0; i < 1'000; ++i) many += "x-" + std::to_string(i) + ": y\r\n";
  out.push_back({"large header", many + "\r\n"});
  out.push_back({"large header", kStart + "x: " + std::string(100'000, 'x') + "\r\n\r\n"});
  out.push_back({"large header", kStart + std::string(100'000, 'x')});
  out.push_back({"large header", "POST /" + std::string(100'000, 'x') + " HTTP/1.1\r\n\r\n"});
  out.push_back({"large header", std::string(100'000, 'A')});
}

void lengths(std::vector<BadBytes>& out) {
  for (const char* const length : {"",
                                   " ",
                                   "-1",
                                   "+2",
                                   "2x",
                                   "x",
                                   "0x2",
                                   "2.0",
                                   "2e0",
                                   "1 2",
                                   "2,3",
                                   "2;3",
                                   "\"2\"",
                                   "2\t3",
                                   "18446744073709551616",
                                   "99999999999999999999999999",
                                   "18446744073709551615",
                                   "9223372036854775807",
                                   "4294967296",
                                   "8388609",
                                   "\xc2\xb2"}) {
    out.push_back({"length", kStart + "Content-Length: " + length + "\r\n\r\n{}"});
  }
  for (const char* const both :
       {"Content-Length: 2\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nContent-Length: x\r\n", "Content-Length: 2\r\nContent-Length: -1\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"}) {
    out.push_back({"lengths", kStart + both + "\r\n{}"});
  }
  const std::string call = bind_call();
  // Too short: what was read is no call, and the rest is no request.
  for (size_t length = 0; length < call.size(); ++length) {
    out.push_back(
        {"short", kStart + "Content-Length: " + std::to_string(length) + "\r\n\r\n" + call});
  }
  out.push_back({"no length", kStart + "\r\n" + call});
  out.push_back({"no length", kStart + "Transfer-Encoding: identity\r\n\r\n" + call});
  out.push_back({"no length", kStart + "Transfer-Encoding: gzip\r\n\r\n" + call});
}

void chunks(std::vector<BadBytes>& out) {
  const std::string start = kStart + "Transfer-Encoding: chunked\r\n\r\n";
  for (const char* const chunk : {"2\n{}\r\n0\r\n\r\n",
                                  "2\r\n{}0\r\n\r\n",
                                  "2\r\n{}\n0\r\n\r\n",
                                  "2\r\n{}}\r\n0\r\n\r\n",
                                  "-2\r\n{}\r\n0\r\n\r\n",
                                  "+2\r\n{}\r\n0\r\n\r\n",
                                  "0x2\r\n{}\r\n0\r\n\r\n",
                                  " 2\r\n{}\r\n0\r\n\r\n",
                                  "x\r\n{}\r\n0\r\n\r\n",
                                  "\r\n{}\r\n0\r\n\r\n",
                                  "g\r\n{}\r\n0\r\n\r\n",
                                  "2 3\r\n{}\r\n0\r\n\r\n",
                                  "2,\r\n{}\r\n0\r\n\r\n",
                                  "2\r\n{}\r\nz\r\n\r\n",
                                  "2\r\n{}\r\n0\r\nx\r\n\r\n",
                                  "2\r\n{}\r\n0\r\n: y\r\n\r\n",
                                  "10000000000000000\r\n{}\r\n0\r\n\r\n",
                                  "ffffffffffffffff\r\n{}\r\n0\r\n\r\n",
                                  "7fffffffffffffff\r\n{}\r\n0\r\n\r\n",
                                  "800001\r\n{}\r\n0\r\n\r\n",
                                  "2\r\n[]\r\n0\r\n\r\n",
                                  "0\r\n\r\n",
                                  "2;x=\"\r\n{}\r\n0\r\n\r\n",
                                  "1\r\n{\r\n1\r\n]\r\n0\r\n\r\n",
                                  "2\r\n{}\r\n0\r\n\r\n"}) {
    out.push_back({"chunk", start + chunk});
  }
  out.push_back({"chunk", start + std::string(100'000, '0') + "\r\n\r\n"});
  out.push_back({"chunk", start + "2;" + std::string(100'000, 'x') + "\r\n{}\r\n0\r\n\r\n"});
}

}  // namespace

std::vector<BadBytes> malformed_bytes() {
  std::vector<BadBytes> out;
  heads(out);
  lengths(out);
  chunks(out);
  return out;
}

std::vector<BadBytes> unfinished_calls() {
  const std::string body = bind_call();
  const std::string head =
      "POST /bind HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n";
  const std::string whole = head + body;
  std::vector<BadBytes> out;
  for (size_t size = 1; size < whole.size(); ++size) {
    out.push_back(
        {size < head.size() ? "unfinished head" : "unfinished body", whole.substr(0, size)});
  }
  return out;
}

}  // namespace berth::security
