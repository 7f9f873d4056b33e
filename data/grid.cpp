#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "data/draw.h"
#include "data/opencv.h"
#include "kernels/common/error.h"

namespace nram::data {
namespace {

// Pixels of the finished grid.
constexpr int kGap = 8;
constexpr int kTextHeight = 11;  // of a capital
constexpr int kLineHeight = 19;
constexpr int kTitleHeight = 14;
constexpr int kWidestRowCaption = 150;
constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
// Text is drawn this many times larger and averaged down: OpenCV's strokes are whole pixels wide.
constexpr int kFine = 4;
constexpr uint8_t kFrame = 215;
constexpr std::array<uint8_t, 3> kInk = {30, 30, 30};

double font_scale(int height) { return cv::getFontScaleFromHeight(kFont, height * kFine, kFine); }

int text_width(const std::string& line, int height) {
  int below = 0;
  const cv::Size size = cv::getTextSize(line, kFont, font_scale(height), kFine, &below);
  return (size.width + kFine - 1) / kFine;
}

// Breaks at spaces so that no line is wider, where words allow it.
std::vector<std::string> wrap(const std::string& caption, int width, int height) {
  std::vector<std::string> lines;
  std::istringstream words(caption);
  for (std::string word; words >> word;) {
    if (!lines.empty() && text_width(lines.back() + " " + word, height) <= width) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

// A line of text with its left end at x and its foot at y; made smaller if wider than `room`.
void put_line(Image& image, const std::string& line, int x, int y, int height, int room,
              bool centred) {
  while (height > 6 && text_width(line, height) > room) --height;
  const int width = text_width(line, height) + 2;
  if (centred) x += std::max(0, (room - width) / 2);
  const int above = height + 3, below = height / 2 + 2;
  const cv::Rect inside =
      cv::Rect(x, y - above, width, above + below) & cv::Rect(0, 0, image.width, image.height);
  if (inside.empty()) return;
  cv::Mat ink = cv::Mat::zeros((above + below) * kFine, width * kFine, CV_8UC1);
  cv::putText(ink, line, {kFine, above * kFine}, kFont, font_scale(height), 255, kFine + 2,
              cv::LINE_AA);
  ink = resized(ink, above + below, width);
  for (int row = inside.y; row < inside.y + inside.height; ++row) {
    for (int column = inside.x; column < inside.x + inside.width; ++column) {
      const float cover = ink.at<uint8_t>(row - (y - above), column - x) / 255.0f;
      uint8_t* pixel = image.at(row, column);
      for (int c = 0; c < 3; ++c) {
        pixel[c] = static_cast<uint8_t>(std::lround(pixel[c] + cover * (kInk[c] - pixel[c])));
      }
    }
  }
}

struct Layout {
  int rows = 0, columns = 0;
  int cell_height = 0, cell_width = 0;
  int left = 0, top = 0;  // of the first cell
  int title = 0;          // the height it takes
  std::vector<std::vector<std::string>> column_lines, row_lines;

  int x(int column) const { return left + column * (cell_width + kGap); }
  int y(int row) const { return top + row * (cell_height + kGap); }
};

Layout lay_out(const std::vector<std::vector<Image>>& rows, const GridOptions& options) {
  Layout layout;
  layout.rows = static_cast<int>(rows.size());
  int height = 0, width = 0;
  for (const std::vector<Image>& row : rows) {
    layout.columns = std::max(layout.columns, static_cast<int>(row.size()));
    for (const Image& image : row) {
      if (image.empty()) continue;
      if (height == 0) height = image.height, width = image.width;
      NRAM_CHECK(image.height == height && image.width == width, "a grid of ", height, " x ", width,
                 " images has one of ", image.height, " x ", image.width);
    }
  }
  NRAM_CHECK(height > 0, "a grid needs an image");
  const int factor = std::max(1, (options.least_cell_height + height - 1) / height);
  layout.cell_height = height * factor;
  layout.cell_width = width * factor;
  size_t most_lines = 0;
  for (const std::string& caption : options.columns) {
    layout.column_lines.push_back(wrap(caption, layout.cell_width, kTextHeight));
    most_lines = std::max(most_lines, layout.column_lines.back().size());
  }
  int caption_width = 0;
  for (const std::string& caption : options.rows) {
    layout.row_lines.push_back(wrap(caption, kWidestRowCaption, kTextHeight));
    for (const std::string& line : layout.row_lines.back()) {
      caption_width =
          std::max(caption_width, std::min(kWidestRowCaption, text_width(line, kTextHeight)));
    }
  }
  layout.title = options.title.empty() ? 0 : kTitleHeight + 2 * kGap;
  layout.left = kGap + (caption_width > 0 ? caption_width + kGap : 0);
  layout.top = kGap + layout.title + static_cast<int>(most_lines) * kLineHeight;
  return layout;
}

void put_captions(Image& grid, const Layout& layout, const GridOptions& options) {
  if (layout.title > 0) {
    put_line(grid, options.title, kGap, kGap + kTitleHeight, kTitleHeight, grid.width - 2 * kGap,
             false);
  }
  const int columns = std::min(layout.columns, static_cast<int>(layout.column_lines.size()));
  for (int column = 0; column < columns; ++column) {
    // Captions of fewer lines stand right above their pictures.
    const std::vector<std::string>& lines = layout.column_lines[column];
    int foot = layout.top - kGap - (static_cast<int>(lines.size()) - 1) * kLineHeight;
    for (const std::string& line : lines) {
      put_line(grid, line, layout.x(column), foot, kTextHeight, layout.cell_width, true);
      foot += kLineHeight;
    }
  }
  const int rows = std::min(layout.rows, static_cast<int>(layout.row_lines.size()));
  for (int row = 0; row < rows; ++row) {
    const std::vector<std::string>& lines = layout.row_lines[row];
    int foot = layout.y(row) + (layout.cell_height + kTextHeight) / 2 -
               (static_cast<int>(lines.size()) - 1) * kLineHeight / 2;
    for (const std::string& line : lines) {
      put_line(grid, line, kGap, foot, kTextHeight, layout.left - 2 * kGap, false);
      foot += kLineHeight;
    }
  }
}

}  // namespace

Image compose_grid(const std::vector<std::vector<Image>>& rows, const GridOptions& options) {
  const Layout layout = lay_out(rows, options);
  Image grid(layout.y(layout.rows), layout.x(layout.columns), {255, 255, 255});
  for (int row = 0; row < layout.rows; ++row) {
    for (size_t column = 0; column < rows[row].size(); ++column) {
      const Image& image = rows[row][column];
      if (image.empty()) continue;
      const cv::Rect cell(layout.x(static_cast<int>(column)), layout.y(row), layout.cell_width,
                          layout.cell_height);
      // A hairline keeps photos with white backgrounds apart from the page.
      cv::rectangle(view(grid), cell + cv::Point(-1, -1) + cv::Size(2, 2), cv::Scalar::all(kFrame));
      resized(view(image), layout.cell_height, layout.cell_width).copyTo(view(grid)(cell));
    }
  }
  put_captions(grid, layout, options);
  return grid;
}

}  // namespace nram::data
