public import Setup

/// Rows in columns that fit the terminal: columns of least importance are left out first, the last one kept takes
/// what room is left.
public struct Table: Sendable {
  public struct Column: Sendable {
    public var title: String
    public var isNumber: Bool
    /// 0 is never left out; of the others the highest goes first.
    public var importance: Int
    public var cut: Cut

    /// What a cell loses where its table is too wide.
    public enum Cut: Sendable {
      case end
      /// Its end too, but only when the other columns have nothing left to lose.
      case last
      /// Its beginning, and only when the other columns are as narrow as a word.
      case start
    }

    public init(_ title: String, isNumber: Bool = false, importance: Int = 0, cut: Cut = .end) {
      self.title = title
      self.isNumber = isNumber
      self.importance = importance
      self.cut = cut
    }
  }
  public var columns: [Column]
  public var rows: [[Text]]

  public init(_ columns: [Column], rows: [[Text]]) {
    self.columns = columns
    self.rows = rows
  }

  /// The table's lines for a terminal of this width; cells are cut where nothing else helps.
  public func lines(width: Int, indentation: Int = 2) -> [Text] {
    let shown = shown(width: width, indentation)
    var fitted = widths(shown)
    func total(_ widths: [Int]) -> Int { self.total(widths, indentation) }
    let early = fitted.indices.filter { columns[shown[$0]].cut == .end }
    let late = fitted.indices.filter { columns[shown[$0]].cut != .start }
    for (candidates, least) in [(early, 16), (late, 15), (Array(fitted.indices), 6)] {
      while total(fitted) > width, let widest = candidates.max(by: { fitted[$0] < fitted[$1] }),
        fitted[widest] > least
      {
        fitted[widest] -= 1
      }
    }
    let header = line(shown.map { Text(columns[$0].title, .dim) }, shown, fitted, indentation)
    return [header] + rows.map { row in line(shown.map { row[$0] }, shown, fitted, indentation) }
  }

  /// Whether nothing has to be left out or cut at this width.
  public func fits(width: Int, indentation: Int = 2) -> Bool {
    total(widths(Array(columns.indices)), indentation) <= width
  }

  /// The titles of the columns that are left out at this width.
  public func omitted(width: Int, indentation: Int = 2) -> [String] {
    let shown = shown(width: width, indentation)
    return columns.indices.filter { !shown.contains($0) }.map { columns[$0].title }
  }

  private func shown(width: Int, _ indentation: Int) -> [Int] {
    var shown = Array(columns.indices)
    while total(widths(shown), indentation) > width,
      let least = shown.filter({ columns[$0].importance > 0 })
        .max(by: { columns[$0].importance < columns[$1].importance })
    {
      shown.removeAll { $0 == least }
    }
    return shown
  }

  private func widths(_ shown: [Int]) -> [Int] {
    shown.map { column in
      max(
        Conversation.columns(columns[column].title),
        rows.map { Conversation.columns($0[column].plain) }.max() ?? 0)
    }
  }

  private func total(_ widths: [Int], _ indentation: Int) -> Int {
    let gap = 2
    return indentation + widths.reduce(0, +) + gap * max(0, widths.count - 1)
  }

  private func line(
    _ cells: [Text], _ shown: [Int], _ widths: [Int], _ indentation: Int
  ) -> Text {
    var line = Text(String(repeating: " ", count: indentation))
    for (index, cell) in cells.enumerated() {
      let width = widths[index]
      let text =
        columns[shown[index]].cut == .start
        ? String(cut(String(cell.plain.reversed()), to: width).reversed())
        : cut(cell.plain, to: width)
      let role = cell.spans.first?.role ?? .plain
      let blanks = String(repeating: " ", count: max(0, width - Conversation.columns(text)))
      let isLast = index == cells.count - 1
      if columns[shown[index]].isNumber { line.append(blanks, .plain) }
      if text == cell.plain { line = line + cell } else { line.append(text, role) }
      if !columns[shown[index]].isNumber, !isLast { line.append(blanks, .plain) }
      if !isLast { line.append("  ", .plain) }
    }
    return line
  }
}
