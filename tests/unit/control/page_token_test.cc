// SPDX-License-Identifier: Apache-2.0
#include "server/control/page_token.h"

#include <gtest/gtest.h>

#include "server/control/error.h"

namespace schedd {
namespace {

TEST(PageTokenTest, SizesAreDefaultedAndCut) {
  EXPECT_EQ(*CheckPageSize(0, 100, 1'000), 100);
  EXPECT_EQ(*CheckPageSize(1, 100, 1'000), 1);
  EXPECT_EQ(*CheckPageSize(1'000, 100, 1'000), 1'000);
  EXPECT_EQ(*CheckPageSize(1'001, 100, 1'000), 1'000);
}

TEST(PageTokenTest, ANegativeSizeIsAnError) {
  const absl::Status status = CheckPageSize(-1, 100, 1'000).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetErrorReason(status), reason::kInvalidPageSize);
  EXPECT_EQ(status.message(), "page_size is -1: use 1 to 1000, or 0 for 100");
}

TEST(PageTokenTest, ContentComesBack) {
  const std::string content("a:b,c\0d \xff", 9);
  const std::string token = EncodePageToken("tasks", content);
  EXPECT_EQ(token.find_first_of("+/ "), std::string::npos);  // safe in a URL
  EXPECT_EQ(*DecodePageToken("tasks", token), content);
}

TEST(PageTokenTest, RefusesTokensOfOtherLists) {
  const absl::Status status =
      DecodePageToken("tasks", EncodePageToken("taskOverrides", "x")).status();
  EXPECT_EQ(GetErrorReason(status), reason::kInvalidPageToken);
  EXPECT_NE(status.message().find("another list"), std::string::npos);
}

TEST(PageTokenTest, RefusesWhatIsNoToken) {
  for (const std::string& bad : {std::string("?"), std::string("!!!!"), std::string(10'000, 'A')}) {
    EXPECT_EQ(GetErrorReason(DecodePageToken("tasks", bad).status()), reason::kInvalidPageToken)
        << bad.substr(0, 10);
  }
}

TEST(PageTokenTest, RefusesWhatIsTooLongToBeOne) {
  EXPECT_TRUE(DecodePageToken("tasks", EncodePageToken("tasks", std::string(49'000, 'x'))).ok());
  const absl::Status status =
      DecodePageToken("tasks", EncodePageToken("tasks", std::string(50'000, 'x'))).status();
  EXPECT_EQ(GetErrorReason(status), reason::kInvalidPageToken);
}

}  // namespace
}  // namespace schedd
