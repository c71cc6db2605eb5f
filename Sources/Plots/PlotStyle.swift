/// The look of plots: colours are CSS variables, so that a page (or a dark screen) decides about them.
public enum PlotStyle {
    /// Colours on light ground. The first is that of what others are compared with. Each is told apart from its
    /// neighbours by people who see no red or green, and stands out from the ground by at least 4.5 : 1.
    public static let lightVariables =
        "--plot-0:#5b6472;--plot-1:#0b62b8;--plot-2:#b84a00;--plot-3:#11753f;--plot-4:#8a3ba8;--plot-5:#8a6d00;"
        + "--plot-ink:#1c2128;--plot-faint:#d5dae1;--plot-ground:#ffffff"
    /// The same on dark ground.
    public static let darkVariables =
        "--plot-0:#a3adba;--plot-1:#6fb6ff;--plot-2:#ff9e5e;--plot-3:#6bd49a;--plot-4:#d6a0f5;--plot-5:#e3c454;"
        + "--plot-ink:#e4e8ee;--plot-faint:#3b4350;--plot-ground:#14181d"

    /// How many series have a colour of their own; later ones begin again.
    static let colours = 6

    /// Rules that a page with plots includes once.
    public static let rules: String = {
        var css = """
            .plot{display:block;max-width:100%;height:auto;font:13px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
            .plot text{fill:var(--plot-ink)}
            .plot .title{font-weight:600}
            .plot .grid{stroke:var(--plot-faint);stroke-width:1}
            .plot .axis{stroke:var(--plot-ink);stroke-width:1}
            .plot .zero{stroke:var(--plot-ink);stroke-width:1;stroke-dasharray:4 3}
            .plot .line{fill:none;stroke-width:2;stroke-linejoin:round}
            .plot .whisker{stroke-width:2;fill:none}
            .plot .bar-whisker{stroke:var(--plot-ink);stroke-width:1.5;fill:none}

            """
        let dashes = ["", "", "7 4", "2 3", "9 3 2 3", "12 4"]
        for number in 0..<colours {
            let dash = dashes[number].isEmpty ? "" : ";stroke-dasharray:\(dashes[number])"
            css +=
                ".plot .s\(number){stroke:var(--plot-\(number))}.plot .line.s\(number){stroke:var(--plot-\(number))\(dash)}"
            css += ".plot .f\(number){fill:var(--plot-\(number))}\n"
        }
        return css
    }()

    /// What a file that holds nothing but a plot needs.
    static let standalone =
        "svg{\(lightVariables);background:var(--plot-ground)}\n"
        + "@media(prefers-color-scheme:dark){svg{\(darkVariables)}}\n" + rules
}
