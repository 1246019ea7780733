"""A figure of a third party: in how many environments each method is the best."""

from rl_zoo.plots import style


def plot_wins(comparison):
    results = comparison.results
    methods = results.methods()
    wins = dict.fromkeys(methods, 0)
    for env in results.env_names():
        best = max(results.of_env(env), key=lambda item: item.last_values.mean())
        wins[best.method] += 1
    with style.zoo_style(comparison.options.fontsize):
        figure, axes = style.new_axes(
            comparison.options.size, interactive=comparison.options.interactive
        )
        titles = [results.title(method) for method in methods]
        colors = [style.algorithm_color(algo) for algo, _ in methods]
        axes.bar(titles, list(wins.values()), color=colors)
        axes.set_ylabel(f"Best of {len(results.env_names())} environments")
    return {"": figure}
